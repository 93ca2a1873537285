//! Every number of a plan, in one place. Code that shortens, shrinks, bounds or speeds up a plan
//! loops over these.

use std::fmt;

use super::{Action, Burst, FaultKind, Pace, Plan, Step, StepId};

/// One number of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The step.
    pub step: StepId,
    /// Which of its numbers.
    pub kind: NumberKind,
}

/// The numbers that steps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Requests of a burst.
    Requests,
    /// Requests of a burst in flight at once.
    Concurrency,
    /// Which request or job of a burst an anchor names.
    Nth,
    /// Restarts of a `rapid`.
    Restarts,
    /// Milliseconds for which a fault keeps its backend away.
    Outage,
    /// Milliseconds between two restarts of a `rapid`.
    Gap,
    /// Milliseconds from SIGTERM to SIGKILL.
    Grace,
    /// Milliseconds that a sender pauses between two requests.
    Think,
    /// Milliseconds of a wait.
    Wait,
    /// Milliseconds from the anchor's event to the step.
    Offset,
}

impl NumberKind {
    /// All kinds, in the order in which they are made smaller: a number that bounds others comes
    /// after them.
    pub const ALL: [NumberKind; 10] = [
        NumberKind::Nth,
        NumberKind::Requests,
        NumberKind::Concurrency,
        NumberKind::Restarts,
        NumberKind::Outage,
        NumberKind::Gap,
        NumberKind::Grace,
        NumberKind::Think,
        NumberKind::Wait,
        NumberKind::Offset,
    ];

    /// The kinds that are times, in milliseconds.
    pub fn times() -> impl Iterator<Item = NumberKind> {
        Self::ALL.into_iter().filter(|kind| kind.is_time())
    }

    /// The smallest value that makes sense.
    pub fn least(self) -> u64 {
        match self {
            NumberKind::Restarts => 2,
            NumberKind::Outage => 1,
            time if time.is_time() => 0,
            _ => 1,
        }
    }

    /// Whether it is a time, in milliseconds, and not a count.
    pub fn is_time(self) -> bool {
        !matches!(
            self,
            NumberKind::Requests | NumberKind::Concurrency | NumberKind::Nth | NumberKind::Restarts
        )
    }
}

impl Step {
    /// One of its numbers; none if it has no such number.
    pub fn number(&self, kind: NumberKind) -> Option<u64> {
        match (kind, &self.action) {
            (NumberKind::Offset, _) => Some(self.anchor.offset_ms()),
            (NumberKind::Nth, _) => self.anchor.nth().map(u64::from),
            (NumberKind::Wait, Action::Wait(wait)) => Some(wait.wait_ms),
            (NumberKind::Outage, Action::Fault(fault)) => Some(fault.outage_ms),
            (_, Action::Fault(fault)) => match (kind, fault.kind) {
                (NumberKind::Restarts, FaultKind::Rapid { restarts, .. }) => Some(restarts.into()),
                (NumberKind::Gap, FaultKind::Rapid { gap_ms, .. }) => Some(gap_ms),
                (NumberKind::Grace, FaultKind::Stop { grace_ms }) => Some(grace_ms),
                _ => None,
            },
            (NumberKind::Requests, Action::Burst(burst)) => Some(u64::from(burst.count)),
            (NumberKind::Concurrency, Action::Burst(burst)) => Some(u64::from(burst.concurrency)),
            (NumberKind::Think, Action::Burst(burst)) => match burst.pace {
                Pace::Closed { think_ms } => Some(think_ms),
                Pace::Open { .. } => None,
            },
            _ => None,
        }
    }

    /// Sets one of its numbers; does nothing if it has no such number. Counts are capped at
    /// `u32::MAX`.
    pub fn set_number(&mut self, kind: NumberKind, value: u64) {
        let count = u32::try_from(value).unwrap_or(u32::MAX);
        match (kind, &mut self.action) {
            (NumberKind::Offset, _) => self.anchor = self.anchor.with_offset(value),
            (NumberKind::Nth, _) => {
                if let Some(nth) = self.anchor.nth_mut() {
                    *nth = count;
                }
            }
            (NumberKind::Wait, Action::Wait(wait)) => wait.wait_ms = value,
            (NumberKind::Outage, Action::Fault(fault)) => fault.outage_ms = value,
            (_, Action::Fault(fault)) => match (kind, &mut fault.kind) {
                (NumberKind::Restarts, FaultKind::Rapid { restarts, .. }) => *restarts = count,
                (NumberKind::Gap, FaultKind::Rapid { gap_ms, .. }) => *gap_ms = value,
                (NumberKind::Grace, FaultKind::Stop { grace_ms }) => *grace_ms = value,
                _ => {}
            },
            (NumberKind::Requests, Action::Burst(burst)) => burst.count = count,
            (NumberKind::Concurrency, Action::Burst(burst)) => burst.concurrency = count,
            (NumberKind::Think, Action::Burst(burst)) => {
                if let Pace::Closed { think_ms } = &mut burst.pace {
                    *think_ms = value;
                }
            }
            _ => {}
        }
    }
}

impl Step {
    /// Replaces each of its times, in milliseconds.
    pub fn map_times(&mut self, change: impl Fn(NumberKind, u64) -> u64) {
        for kind in NumberKind::times() {
            if let Some(ms) = self.number(kind) {
                self.set_number(kind, change(kind, ms));
            }
        }
    }

    /// The rate of an open-loop burst, in requests per second.
    pub fn rate_mut(&mut self) -> Option<&mut f64> {
        match &mut self.action {
            Action::Burst(Burst {
                pace: Pace::Open { rate_per_s },
                ..
            }) => Some(rate_per_s),
            _ => None,
        }
    }
}

impl Number {
    /// Every number of a plan that could be smaller, counts before times.
    pub fn all(plan: &Plan) -> Vec<Number> {
        let of = |kind: NumberKind| {
            let could_be_smaller =
                move |step: &&Step| step.number(kind).is_some_and(|value| value > kind.least());
            let steps = plan.steps.iter().filter(could_be_smaller);
            steps.map(move |step| Number {
                step: step.id.clone(),
                kind,
            })
        };
        NumberKind::ALL.into_iter().flat_map(of).collect()
    }

    /// Its value; none if the plan has no such number.
    pub fn get(&self, plan: &Plan) -> Option<u64> {
        plan.step(&self.step)?.number(self.kind)
    }

    /// The plan with this number changed. With fewer requests, a burst keeps no more senders than
    /// requests, and no anchor waits for a request that no longer exists.
    pub fn set(&self, plan: &Plan, value: u64) -> Plan {
        let mut changed = plan.clone();
        let is_requests = self.kind == NumberKind::Requests;
        for step in &mut changed.steps {
            let most = |step: &mut Step, kind| match step.number(kind) {
                Some(number) if is_requests && number > value => step.set_number(kind, value),
                _ => {}
            };
            if step.id == self.step {
                step.set_number(self.kind, value);
                most(step, NumberKind::Concurrency);
            } else if step.anchor.awaits() == Some(&self.step) {
                most(step, NumberKind::Nth);
            }
        }
        changed
    }
}

impl Plan {
    /// The plan with every time multiplied by `factor`, which is at most 1.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Plan {
        let mut plan = self.clone();
        let smaller = |ms: u64| (ms as f64 * factor) as u64;
        for step in &mut plan.steps {
            step.map_times(|kind, ms| smaller(ms).max(ms.min(kind.least())));
        }
        plan
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NumberKind::Requests => "number of requests",
            NumberKind::Concurrency => "number of requests in flight at once",
            NumberKind::Nth => "awaited request or job",
            NumberKind::Restarts => "number of restarts",
            NumberKind::Outage => "outage",
            NumberKind::Gap => "gap between restarts",
            NumberKind::Grace => "grace",
            NumberKind::Think => "pause between requests",
            NumberKind::Wait => "wait",
            NumberKind::Offset => "offset",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Anchor, Fault, Mix};

    fn plan() -> Plan {
        let burst = Burst {
            count: 12,
            concurrency: 6,
            pace: Pace::Closed { think_ms: 40 },
            mix: Mix::from([("job".to_owned(), 1)]),
        };
        let kind = FaultKind::Rapid {
            restarts: 3,
            gap_ms: 9,
        };
        let fault = Fault {
            backend: "db".to_owned(),
            kind,
            outage_ms: 700,
        };
        let (b1, f1) = (StepId("b1".to_owned()), StepId("f1".to_owned()));
        Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![
                Step {
                    id: b1.clone(),
                    anchor: Anchor::At { offset_ms: 5 },
                    action: Action::Burst(burst),
                },
                Step {
                    id: f1,
                    anchor: Anchor::InFlight {
                        burst: b1,
                        nth: 4,
                        offset_ms: 0,
                    },
                    action: Action::Fault(fault),
                },
            ],
        }
    }

    #[test]
    fn every_number_is_read_and_written() {
        for number in Number::all(&plan()) {
            let least = number.kind.least();
            let smallest = number.set(&plan(), least);
            assert_eq!(number.get(&smallest), Some(least), "{number:?}");
            assert!(smallest.size() < plan().size(), "{number:?}");
        }
        let names: Vec<String> = Number::all(&plan())
            .iter()
            .map(|number| format!("{} {:?}", number.step, number.kind))
            .collect();
        assert_eq!(
            names,
            [
                "f1 Nth",
                "b1 Requests",
                "b1 Concurrency",
                "f1 Restarts",
                "f1 Outage",
                "f1 Gap",
                "b1 Think",
                "b1 Offset"
            ]
        );
    }

    #[test]
    fn with_fewer_requests_senders_and_anchors_follow() {
        let requests = Number {
            step: StepId("b1".to_owned()),
            kind: NumberKind::Requests,
        };
        let text = requests.set(&plan(), 3).to_string();
        assert!(text.contains("burst of 3 requests, 3 at a time"), "{text}");
        assert!(text.contains("request 3 of b1"), "{text}");
        let (burst, nth, offset_ms) = (StepId("b1".to_owned()), 4, 0);
        let state = "RUNNING".to_owned();
        let accepted = Anchor::Accepted {
            burst: burst.clone(),
            nth,
            offset_ms,
        };
        let running = Anchor::State {
            burst,
            nth,
            state,
            offset_ms,
        };
        for anchor in [accepted, running] {
            let mut plan = plan();
            plan.steps[1].anchor = anchor;
            let fewer = requests.set(&plan, 3);
            assert_eq!(fewer.steps[1].anchor.nth(), Some(3), "{fewer}");
            assert!(fewer.size() < plan.size(), "{fewer}");
        }
    }

    #[test]
    fn one_factor_shortens_every_time() {
        assert_eq!(plan().scaled(1.0), plan());
        let text = plan().scaled(0.0).to_string();
        assert!(text.contains("1 ms down and 0 ms up"), "{text}");
        assert!(text.contains("at 0 ms"), "{text}");
        assert!(
            plan()
                .scaled(0.5)
                .to_string()
                .contains("350 ms down and 4 ms up")
        );
    }
}
