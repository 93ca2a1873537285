//! The fixed opening of every campaign: each kind of fault once under load, and once on an idle
//! API.
//!
//! Random plans reach any given combination sooner or later. The opening comes first, because most
//! bugs need only one of these combinations, and so that it is known what was tried. Its plans are
//! short, the same for every seed, and fit the space. What a backend does not allow is left out.
//!
//! - One kill strikes a single request, so that no other request hides what happens to it.
//! - If requests become jobs, one kill strikes when some have been accepted, and one while a job is
//!   in the last state that the configuration names: an API that loses jobs loses them between
//!   acceptance and end.
//! - Some bugs need several outages, so two plans go on when the API should be back: after the
//!   first kill two more follow, and after the freeze a kill, because to an API a reset connection
//!   and a silent one are not the same.

use super::{Space, link_faults};
use crate::model::{
    Action, Anchor, Background, Burst, Edge, Fault, FaultKind, FaultName, LinkFaultName, Pace,
    Plan, Step, StepId,
};

/// How the API is used while the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Steady load, with requests in flight at the outage's beginning and end.
    Loaded,
    /// One request is in flight when the fault strikes. None follows until the backend is back, so
    /// that no other request hides what happens to it.
    Alone,
    /// Some jobs have just been accepted, and no other requests are sent.
    Accepted,
    /// As [`Use::Accepted`], and one of the jobs is in an intermediate state.
    Working,
    /// No requests are sent.
    Idle,
}

/// Quick and revealing plans come first. An idle stop is early, since a flood of attempts to
/// connect shows best when nothing else happens.
const ORDER: [(FaultName, Use); 28] = [
    (FaultName::Kill, Use::Loaded),
    (FaultName::Stop, Use::Loaded),
    (FaultName::Stop, Use::Idle),
    (FaultName::Link(LinkFaultName::HalfOpen), Use::Loaded),
    (FaultName::Link(LinkFaultName::BlackHole), Use::Loaded),
    (FaultName::Link(LinkFaultName::HalfOpen), Use::Alone),
    (FaultName::Link(LinkFaultName::BlackHole), Use::Alone),
    (FaultName::Pause, Use::Loaded),
    (FaultName::Kill, Use::Alone),
    (FaultName::Kill, Use::Accepted),
    (FaultName::Kill, Use::Working),
    (FaultName::Rapid, Use::Loaded),
    (FaultName::Cut, Use::Loaded),
    (FaultName::Link(LinkFaultName::Reset), Use::Loaded),
    (FaultName::Link(LinkFaultName::AcceptClose), Use::Loaded),
    (FaultName::Link(LinkFaultName::IdleClose), Use::Idle),
    (FaultName::Link(LinkFaultName::HalfOpen), Use::Idle),
    (FaultName::Kill, Use::Idle),
    (FaultName::Link(LinkFaultName::Refuse), Use::Loaded),
    (FaultName::Link(LinkFaultName::OneWay), Use::Loaded),
    (FaultName::Link(LinkFaultName::Slow), Use::Loaded),
    (FaultName::Link(LinkFaultName::Truncate), Use::Loaded),
    (FaultName::Link(LinkFaultName::Trickle), Use::Loaded),
    (FaultName::Rapid, Use::Idle),
    (FaultName::Pause, Use::Idle),
    (FaultName::Cut, Use::Idle),
    (FaultName::Link(LinkFaultName::Reset), Use::Idle),
    (FaultName::Link(LinkFaultName::BlackHole), Use::Idle),
];

/// The burst that the fault strikes: how many senders it has, and how many requests each sends.
const SENDERS: u32 = 16;
const ROUNDS: u32 = 2;

/// How many jobs are accepted before the fault strikes.
const JOBS: u32 = 4;

/// How many requests are sent just before the outage ends.
const LAST: u32 = 8;

/// How many restarts a `rapid` of the opening has.
const RESTARTS: u32 = 3;

/// How often a kill is repeated when the API should be back.
const AGAIN: usize = 2;

impl Space {
    /// The opening's plans, in their order.
    pub(super) fn opening(&self) -> Vec<Plan> {
        let plan = |(backend, name, used)| {
            let fault = self.opening_fault(backend, name);
            match used {
                Use::Loaded => self.under_load(fault),
                Use::Alone => self.with_one_request(fault),
                Use::Accepted => self.with_jobs(fault, None),
                Use::Working => self.with_jobs(fault, self.last_state()),
                Use::Idle => silent(vec![at_once(fault)]),
            }
        };
        self.opening_parts().map(plan).collect()
    }

    /// How many plans the opening has.
    pub(super) fn opening_count(&self) -> u64 {
        self.opening_parts().count() as u64
    }

    fn opening_parts(&self) -> impl Iterator<Item = (&str, FaultName, Use)> {
        let order = ORDER.into_iter().filter(|(_, used)| match used {
            Use::Accepted => !self.jobs.mix(&self.kinds).is_empty(),
            Use::Working => self.last_state().is_some(),
            Use::Loaded | Use::Alone | Use::Idle => true,
        });
        order.flat_map(|(name, used)| {
            let backends = self.backends.iter();
            let allowing = backends.filter(move |backend| backend.faults.contains(&name));
            allowing.map(move |backend| (backend.name.as_str(), name, used))
        })
    }

    /// After a kill or in a `rapid`, the backend is started at once. The other faults last a little
    /// longer than an answer may take.
    fn opening_fault(&self, backend: &str, name: FaultName) -> Fault {
        let bounds = &self.bounds;
        let (shortest, longest) = (*bounds.outage_ms.start(), *bounds.outage_ms.end());
        let beyond = self.limits.answer_ms.saturating_mul(6) / 5;
        let (kind, outage_ms) = match name {
            FaultName::Kill => (FaultKind::Kill, shortest),
            FaultName::Stop => {
                let grace_ms = bounds.max_grace_ms;
                (FaultKind::Stop { grace_ms }, beyond)
            }
            FaultName::Rapid => {
                let (restarts, gap_ms) = (RESTARTS, bounds.max_gap_ms / 10);
                (FaultKind::Rapid { restarts, gap_ms }, shortest)
            }
            FaultName::Pause => (FaultKind::Pause, beyond),
            FaultName::Cut => (FaultKind::Cut, beyond),
            FaultName::Link(name) => (FaultKind::Link(link_faults::opening(name)), beyond),
        };
        Fault {
            backend: backend.to_owned(),
            kind,
            outage_ms: outage_ms.clamp(shortest, longest),
        }
    }

    /// A fault that strikes a burst, with steady background load. Unless the outage is short, more
    /// requests are sent just before its end. If a plan may not have that many steps, the last ones
    /// are left out.
    fn under_load(&self, fault: Fault) -> Plan {
        let senders = SENDERS.min(*self.bounds.concurrency.end());
        let burst = self.opening_burst(senders, ROUNDS);
        // The first round's requests all start together. By the middle of the second round they are
        // at all stages of being served.
        let nth = (senders * ROUNDS * 3 / 4).clamp(1, burst.count);
        let outage_ms = fault.outage_ms;
        let strike = Anchor::InFlight {
            burst: "b1".into(),
            nth,
            offset_ms: 0,
        };
        let mut steps = struck(burst, strike, fault.clone());
        if !matches!(fault.kind, FaultKind::Kill | FaultKind::Rapid { .. }) {
            let just_before = Anchor::After {
                step: "f1".into(),
                edge: Edge::Start,
                offset_ms: (outage_ms - outage_ms / 50).min(self.longest_offset_ms()),
            };
            let last = self.opening_burst(LAST.min(senders), 1);
            steps.push(Step::new("b2", just_before, Action::Burst(last)));
        }
        steps.extend(self.afterwards(&fault));
        let most = *self.bounds.steps.end() as usize;
        match most {
            // There is no room for the burst, so the steady load has to do.
            0 | 1 => steps = vec![at_once(fault)],
            most => steps.truncate(most),
        }
        // A share of 0 in the configuration means no steady load at all.
        let background = (self.bounds.background > 0.0).then(|| Background {
            rate_per_s: *self.bounds.background_rate_per_s.end(),
            mix: self.all_kinds(),
        });
        Plan {
            background,
            ..silent(steps)
        }
    }

    /// A fault that strikes one request, a little after it was sent.
    fn with_one_request(&self, fault: Fault) -> Plan {
        let strike = Anchor::InFlight {
            burst: "b1".into(),
            nth: 1,
            offset_ms: self.bounds.max_offset_ms / 10,
        };
        self.silently_struck(self.opening_burst(1, 1), strike, fault)
    }

    /// A fault that strikes some jobs: when all have been accepted, or while the first is in a
    /// state.
    fn with_jobs(&self, fault: Fault, state: Option<String>) -> Plan {
        let load = Burst {
            mix: self.jobs.mix(&self.kinds),
            ..self.opening_burst(JOBS.min(*self.bounds.concurrency.end()), 1)
        };
        let (burst, offset_ms) = ("b1".into(), 0);
        let strike = match state {
            None => Anchor::Accepted {
                burst,
                nth: load.count,
                offset_ms,
            },
            Some(state) => Anchor::State {
                burst,
                nth: 1,
                state,
                offset_ms,
            },
        };
        self.silently_struck(load, strike, fault)
    }

    /// A burst and the fault that strikes it, without steady load. If a plan may have only one
    /// step, that is the fault.
    fn silently_struck(&self, burst: Burst, strike: Anchor, fault: Fault) -> Plan {
        silent(match *self.bounds.steps.end() {
            0 | 1 => vec![at_once(fault)],
            _ => struck(burst, strike, fault),
        })
    }

    /// The last intermediate state, which is usually the longest.
    fn last_state(&self) -> Option<String> {
        self.jobs.states(&self.kinds).pop()
    }

    /// The kills that follow a kill or a freeze, each when the API should be back.
    fn afterwards(&self, fault: &Fault) -> Vec<Step> {
        let count = match fault.kind {
            FaultKind::Kill => AGAIN,
            FaultKind::Pause => 1,
            FaultKind::Stop { .. }
            | FaultKind::Rapid { .. }
            | FaultKind::Cut
            | FaultKind::Link(_) => 0,
        };
        let backend = self.backends.iter().find(|b| b.name == fault.backend);
        if !backend.is_some_and(|backend| backend.faults.contains(&FaultName::Kill)) {
            return Vec::new();
        }
        let again = (1..=count).map(|nth| {
            let back = Anchor::Ready {
                fault: StepId(format!("f{nth}")),
                offset_ms: self.bounds.max_offset_ms,
            };
            let kill = self.opening_fault(&fault.backend, FaultName::Kill);
            Step::new(&format!("f{}", nth + 1), back, Action::Fault(kill))
        });
        again.collect()
    }

    fn opening_burst(&self, concurrency: u32, rounds: u32) -> Burst {
        let count = concurrency.saturating_mul(rounds);
        let count = count.min(*self.bounds.requests.end());
        Burst {
            count,
            concurrency: concurrency.min(count),
            pace: Pace::Closed { think_ms: 0 },
            mix: self.all_kinds(),
        }
    }
}

fn at_once(fault: Fault) -> Step {
    Step::new("f1", Anchor::At { offset_ms: 0 }, Action::Fault(fault))
}

/// A burst, and a fault that strikes it.
fn struck(burst: Burst, strike: Anchor, fault: Fault) -> Vec<Step> {
    let now = Anchor::At { offset_ms: 0 };
    vec![
        Step::new("b1", now, Action::Burst(burst)),
        Step::new("f1", strike, Action::Fault(fault)),
    ]
}

/// A plan without steady load.
fn silent(steps: Vec<Step>) -> Plan {
    Plan {
        seed: 0,
        index: 0,
        background: None,
        steps,
    }
}
