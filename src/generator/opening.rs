//! The fixed opening of every campaign: each kind of fault once under load, and once on an idle
//! API.
//!
//! Random plans hit a given combination sooner or later. These come first, because most of what is
//! ever found needs no more than one of them, and because they say what was tried. They are short,
//! the same for every seed, and fit the space. What a backend does not allow is left out.
//!
//! One kill strikes a single request, so that nothing hides what becomes of it. Where requests
//! become jobs, one strikes when some have been accepted, and one while a job is in the last of the
//! states that the configuration names: what an API forgets of a job, it forgets between acceptance
//! and end. Some bugs need more than one outage, so two of the plans go on: after the first kill
//! two more follow, each when the API should be back, and after the freeze a kill, because a reset
//! connection and a lost one are not the same to an API.

use super::Space;
use crate::model::{
    Action, Anchor, Background, Burst, Edge, Fault, FaultKind, FaultName, Mix, Pace, Plan, Step,
    StepId,
};

/// Whether the API is used while the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Steady load, with requests in flight at the outage's begin and at its end.
    Loaded,
    /// One request is in flight when the fault strikes, and none follows until the backend is back:
    /// what became of that one is not hidden by others.
    Alone,
    /// Some jobs have just been accepted, and nothing else is asked.
    Accepted,
    /// The same, and one of them is in a state on its way.
    Working,
    /// Nobody asks anything.
    Idle,
}

/// The order: what takes the least time and shows the most comes first. An idle stop is early,
/// since a flood of attempts to connect shows best when nothing else happens.
const ORDER: [(FaultName, Use); 13] = [
    (FaultName::Kill, Use::Loaded),
    (FaultName::Stop, Use::Loaded),
    (FaultName::Stop, Use::Idle),
    (FaultName::Pause, Use::Loaded),
    (FaultName::Kill, Use::Alone),
    (FaultName::Kill, Use::Accepted),
    (FaultName::Kill, Use::Working),
    (FaultName::Rapid, Use::Loaded),
    (FaultName::Cut, Use::Loaded),
    (FaultName::Kill, Use::Idle),
    (FaultName::Rapid, Use::Idle),
    (FaultName::Pause, Use::Idle),
    (FaultName::Cut, Use::Idle),
];

/// How many senders the burst has that the fault strikes, and how many requests each sends.
const SENDERS: u32 = 16;
const ROUNDS: u32 = 2;

/// How many jobs are accepted before the fault strikes that waits for them.
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

    /// A kill and a `rapid` are restarted at once; the others last a little longer than an answer
    /// may take.
    fn opening_fault(&self, backend: &str, name: FaultName) -> Fault {
        let bounds = &self.bounds;
        let (shortest, longest) = (*bounds.outage_ms.start(), *bounds.outage_ms.end());
        let beyond = self.scale.answer_ms.saturating_mul(6) / 5;
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
        };
        Fault {
            backend: backend.to_owned(),
            kind,
            outage_ms: outage_ms.clamp(shortest, longest),
        }
    }

    /// A fault that strikes a burst, with steady load behind it all. Where the outage lasts, more
    /// requests are sent just before its end. Where a plan may have fewer steps, the last are left
    /// out.
    fn under_load(&self, fault: Fault) -> Plan {
        let senders = SENDERS.min(*self.bounds.concurrency.end());
        let burst = self.opening_burst(senders, ROUNDS);
        // The first round's requests come all at once; by the middle of the second, they are at all
        // stages of being served.
        let nth = (senders * ROUNDS * 3 / 4).clamp(1, burst.count);
        let outage_ms = fault.outage_ms;
        let strike = Anchor::InFlight {
            burst: id("b1"),
            nth,
            offset_ms: 0,
        };
        let mut steps = vec![
            step("b1", Anchor::At { offset_ms: 0 }, Action::Burst(burst)),
            step("f1", strike, Action::Fault(fault.clone())),
        ];
        if !matches!(fault.kind, FaultKind::Kill | FaultKind::Rapid { .. }) {
            let just_before = Anchor::After {
                step: id("f1"),
                edge: Edge::Start,
                offset_ms: (outage_ms - outage_ms / 50).min(self.longest_offset_ms()),
            };
            let last = self.opening_burst(LAST.min(senders), 1);
            steps.push(step("b2", just_before, Action::Burst(last)));
        }
        steps.extend(self.afterwards(&fault));
        let most = *self.bounds.steps.end() as usize;
        match most {
            // Without room for the burst, the steady load has to do.
            0 | 1 => steps = vec![at_once(fault)],
            most => steps.truncate(most),
        }
        // Nobody gets steady load who asked for none.
        let background = (self.bounds.background > 0.0).then(|| Background {
            rate_per_s: *self.bounds.background_rate_per_s.end(),
            mix: self.all_kinds(),
        });
        Plan {
            seed: 0,
            index: 0,
            background,
            steps,
        }
    }

    /// A fault that strikes one request, a little after it was sent.
    fn with_one_request(&self, fault: Fault) -> Plan {
        if *self.bounds.steps.end() < 2 {
            return silent(vec![at_once(fault)]);
        }
        let now = Anchor::At { offset_ms: 0 };
        let strike = Anchor::InFlight {
            burst: id("b1"),
            nth: 1,
            offset_ms: self.bounds.max_offset_ms / 10,
        };
        silent(vec![
            step("b1", now, Action::Burst(self.opening_burst(1, 1))),
            step("f1", strike, Action::Fault(fault)),
        ])
    }

    /// A fault that strikes some jobs: when all have been accepted, or while the first is in a
    /// state.
    fn with_jobs(&self, fault: Fault, state: Option<String>) -> Plan {
        if *self.bounds.steps.end() < 2 {
            return silent(vec![at_once(fault)]);
        }
        let burst = Burst {
            mix: self.jobs.mix(&self.kinds),
            ..self.opening_burst(JOBS.min(*self.bounds.concurrency.end()), 1)
        };
        let strike = match state {
            None => Anchor::Accepted {
                burst: id("b1"),
                nth: burst.count,
                offset_ms: 0,
            },
            Some(state) => Anchor::State {
                burst: id("b1"),
                nth: 1,
                state,
                offset_ms: 0,
            },
        };
        silent(vec![
            step("b1", Anchor::At { offset_ms: 0 }, Action::Burst(burst)),
            step("f1", strike, Action::Fault(fault)),
        ])
    }

    /// The state in which jobs are mostly the longest: the last on their way.
    fn last_state(&self) -> Option<String> {
        self.jobs.states(&self.kinds).pop()
    }

    /// The kills that follow a kill or a freeze, each when the API should be back.
    fn afterwards(&self, fault: &Fault) -> Vec<Step> {
        let count = match fault.kind {
            FaultKind::Kill => AGAIN,
            FaultKind::Pause => 1,
            FaultKind::Stop { .. } | FaultKind::Rapid { .. } | FaultKind::Cut => 0,
        };
        let backend = self.backends.iter().find(|b| b.name == fault.backend);
        if !backend.is_some_and(|backend| backend.faults.contains(&FaultName::Kill)) {
            return Vec::new();
        }
        let again = (1..=count).map(|nth| {
            let back = Anchor::Ready {
                fault: id(&format!("f{nth}")),
                offset_ms: self.bounds.max_offset_ms,
            };
            let kill = self.opening_fault(&fault.backend, FaultName::Kill);
            step(&format!("f{}", nth + 1), back, Action::Fault(kill))
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

    fn all_kinds(&self) -> Mix {
        let wanted = self.kinds.iter().filter(|(_, weight)| **weight > 0);
        wanted
            .map(|(kind, weight)| (kind.clone(), *weight))
            .collect()
    }
}

fn at_once(fault: Fault) -> Step {
    step("f1", Anchor::At { offset_ms: 0 }, Action::Fault(fault))
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

fn id(name: &str) -> StepId {
    StepId(name.to_owned())
}

fn step(name: &str, anchor: Anchor, action: Action) -> Step {
    let id = id(name);
    Step { id, anchor, action }
}
