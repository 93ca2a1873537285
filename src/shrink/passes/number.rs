//! The numbers of a plan, each of which can be made smaller by itself.

use std::fmt;

use super::removal::moved;
use crate::model::{Action, Burst, FaultKind, Pace, Plan, Step, StepId};

/// One number of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The step.
    pub step: StepId,
    /// Which of its numbers.
    pub what: What,
}

/// The numbers that steps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
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
    /// Milliseconds between asking a backend to stop and killing it.
    Grace,
    /// Milliseconds that a sender thinks between two requests.
    Think,
    /// Milliseconds of a wait.
    Wait,
    /// Milliseconds from what an anchor names to the step.
    Offset,
}

impl What {
    /// The order in which they are made smaller: what other numbers lie below comes later than these.
    const ALL: [What; 10] = [
        What::Nth,
        What::Requests,
        What::Concurrency,
        What::Restarts,
        What::Outage,
        What::Gap,
        What::Grace,
        What::Think,
        What::Wait,
        What::Offset,
    ];

    /// The least that makes sense.
    pub fn least(self) -> u64 {
        match self {
            What::Restarts => 2,
            What::Requests | What::Concurrency | What::Nth | What::Outage => 1,
            What::Gap | What::Grace | What::Think | What::Wait | What::Offset => 0,
        }
    }

    /// Whether it is a time, in milliseconds; else it is a count.
    pub fn is_time(self) -> bool {
        !matches!(
            self,
            What::Requests | What::Concurrency | What::Nth | What::Restarts
        )
    }
}

impl Number {
    /// Every number of a plan that could be smaller, counts before times.
    pub fn all(plan: &Plan) -> Vec<Number> {
        let of = |what| {
            let steps = plan.steps.iter().map(move |step| Number {
                step: step.id.clone(),
                what,
            });
            steps.filter(move |number| number.get(plan).is_some_and(|value| value > what.least()))
        };
        What::ALL.into_iter().flat_map(of).collect()
    }

    /// Its value; none where the plan has no such number.
    pub fn get(&self, plan: &Plan) -> Option<u64> {
        let step = plan.step(&self.step)?;
        match (self.what, &step.action) {
            (What::Offset, _) => Some(step.anchor.offset_ms()),
            (What::Nth, _) => step.anchor.nth().map(u64::from),
            (What::Wait, Action::Wait(wait)) => Some(wait.wait_ms),
            (What::Outage, Action::Fault(fault)) => Some(fault.outage_ms),
            (what, Action::Fault(fault)) => match (what, fault.kind) {
                (What::Restarts, FaultKind::Rapid { restarts, .. }) => Some(u64::from(restarts)),
                (What::Gap, FaultKind::Rapid { gap_ms, .. }) => Some(gap_ms),
                (What::Grace, FaultKind::Stop { grace_ms }) => Some(grace_ms),
                _ => None,
            },
            (What::Requests, Action::Burst(burst)) => Some(u64::from(burst.count)),
            (What::Concurrency, Action::Burst(burst)) => Some(u64::from(burst.concurrency)),
            (What::Think, Action::Burst(burst)) => match burst.pace {
                Pace::Closed { think_ms } => Some(think_ms),
                Pace::Open { .. } => None,
            },
            _ => None,
        }
    }

    /// The plan with another value in its place. A burst keeps no more senders than requests, and no anchor waits for a request
    /// that its burst no longer has.
    pub fn set(&self, plan: &Plan, value: u64) -> Plan {
        let mut changed = plan.clone();
        // Counts stay below what they were, which was no more than a `u32` holds.
        let count = u32::try_from(value).unwrap_or(u32::MAX);
        for step in &mut changed.steps {
            if step.id == self.step {
                self.set_in(step, value, count);
            } else if self.what == What::Requests
                && step.anchor.awaits() == Some(&self.step)
                && let Some(nth) = step.anchor.nth_mut()
            {
                *nth = (*nth).min(count);
            }
        }
        changed
    }

    fn set_in(&self, step: &mut Step, value: u64, count: u32) {
        match (self.what, &mut step.action) {
            (What::Offset, _) => step.anchor = moved(&step.anchor, value),
            (What::Nth, _) => {
                if let Some(nth) = step.anchor.nth_mut() {
                    *nth = count;
                }
            }
            (What::Wait, Action::Wait(wait)) => wait.wait_ms = value,
            (What::Outage, Action::Fault(fault)) => fault.outage_ms = value,
            (what, Action::Fault(fault)) => match (what, &mut fault.kind) {
                (What::Restarts, FaultKind::Rapid { restarts, .. }) => *restarts = count,
                (What::Gap, FaultKind::Rapid { gap_ms, .. }) => *gap_ms = value,
                (What::Grace, FaultKind::Stop { grace_ms }) => *grace_ms = value,
                _ => {}
            },
            (What::Requests, Action::Burst(burst)) => {
                burst.count = count;
                burst.concurrency = burst.concurrency.min(count);
            }
            (What::Concurrency, Action::Burst(burst)) => burst.concurrency = count,
            (What::Think, Action::Burst(Burst { pace, .. })) => {
                *pace = Pace::Closed { think_ms: value };
            }
            _ => {}
        }
    }
}

/// The plan with every time multiplied by `factor`, which is at most 1.
pub fn scaled(plan: &Plan, factor: f64) -> Plan {
    let numbers = Number::all(plan).into_iter();
    numbers
        .filter(|number| number.what.is_time())
        .fold(plan.clone(), |plan, number| {
            let value = number.get(&plan).unwrap_or(0);
            let smaller = (value as f64 * factor) as u64;
            number.set(&plan, smaller.max(number.what.least()))
        })
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Requests => "number of requests",
            What::Concurrency => "number of requests in flight at once",
            What::Nth => "awaited request or job",
            What::Restarts => "number of restarts",
            What::Outage => "outage",
            What::Gap => "gap between restarts",
            What::Grace => "grace",
            What::Think => "pause between requests",
            What::Wait => "wait",
            What::Offset => "offset",
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
            let least = number.what.least();
            let smallest = number.set(&plan(), least);
            assert_eq!(number.get(&smallest), Some(least), "{number:?}");
            assert!(smallest.size() < plan().size(), "{number:?}");
        }
        let names: Vec<String> = Number::all(&plan())
            .iter()
            .map(|number| format!("{} {:?}", number.step, number.what))
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
            what: What::Requests,
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
        assert_eq!(scaled(&plan(), 1.0), plan());
        let text = scaled(&plan(), 0.0).to_string();
        assert!(text.contains("1 ms down and 0 ms up"), "{text}");
        assert!(text.contains("at 0 ms"), "{text}");
        assert!(
            scaled(&plan(), 0.5)
                .to_string()
                .contains("350 ms down and 4 ms up")
        );
    }
}
