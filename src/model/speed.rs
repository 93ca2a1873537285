//! A plan in fast or slow motion.

use super::{Background, Plan, Step};

/// How many times faster than written a plan is executed: at 2, every time is halved and every rate
/// doubled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// As written.
    pub const AS_WRITTEN: Speed = Speed(1.0);

    /// `factor` times as fast; none if that is not between 0.001 and 1000.
    pub fn new(factor: f64) -> Option<Self> {
        (0.001..=1_000.0).contains(&factor).then_some(Speed(factor))
    }

    /// How many times as fast.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// A time at this speed, in the same unit. A time above 0 stays at least 1.
    pub fn time(self, time: u64) -> u64 {
        ((time as f64 / self.0).round() as u64).max(time.min(1))
    }

    /// The plan at this speed: times are divided, rates multiplied. Counts stay, and so does all
    /// that is not part of the plan, such as limits and the time that the stack takes to start.
    pub fn plan(self, plan: &Plan) -> Plan {
        Plan {
            background: plan.background.clone().map(|background| Background {
                rate_per_s: background.rate_per_s * self.0,
                ..background
            }),
            steps: plan.steps.iter().map(|step| self.step(step)).collect(),
            ..*plan
        }
    }

    fn step(self, step: &Step) -> Step {
        let mut step = step.clone();
        step.map_times(|_, ms| self.time(ms));
        if let Some(rate_per_s) = step.rate_mut() {
            *rate_per_s *= self.0;
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Action, Anchor, Burst, Edge, Fault, FaultKind, Mix, Pace, StepId, Wait};

    fn plan(ms: u64) -> Plan {
        let step = |id: &str, anchor, action| Step {
            id: StepId(id.to_owned()),
            anchor,
            action,
        };
        let fault = |kind| {
            Action::Fault(Fault {
                backend: "db".to_owned(),
                kind,
                outage_ms: ms,
            })
        };
        let burst = |pace| {
            Action::Burst(Burst {
                count: 9,
                concurrency: 3,
                pace,
                mix: Mix::from([("read".to_owned(), 1)]),
            })
        };
        let b1 = StepId("b1".to_owned());
        let after = Anchor::After {
            step: b1.clone(),
            edge: Edge::End,
            offset_ms: ms,
        };
        let in_flight = Anchor::InFlight {
            burst: b1,
            nth: 7,
            offset_ms: ms,
        };
        let ready = Anchor::Ready {
            fault: StepId("f1".to_owned()),
            offset_ms: ms,
        };
        let log = Anchor::Log {
            pattern: "lost".to_owned(),
            offset_ms: ms,
        };
        let rapid = FaultKind::Rapid {
            restarts: 4,
            gap_ms: ms,
        };
        Plan {
            seed: 1,
            index: 2,
            background: Some(Background {
                rate_per_s: 5.0,
                mix: Mix::from([("read".to_owned(), 1)]),
            }),
            steps: vec![
                step(
                    "b1",
                    Anchor::At { offset_ms: ms },
                    burst(Pace::Closed { think_ms: ms }),
                ),
                step("b2", after, burst(Pace::Open { rate_per_s: 30.0 })),
                step("f1", in_flight, fault(FaultKind::Stop { grace_ms: ms })),
                step("f2", ready, fault(rapid)),
                step("w1", log, Action::Wait(Wait { wait_ms: ms })),
            ],
        }
    }

    #[test]
    fn every_time_and_rate_follows_and_nothing_else() {
        insta::assert_snapshot!(Speed(2.0).plan(&plan(500)), @"
        plan 2 of seed 1: 5 steps
          behind it all: 10.0 requests per second (read)
          b1   at 250 ms                                   burst of 9 requests, 3 at a time, 250 ms between (read)
          b2   250 ms after b1 ends                        burst of 9 requests, 60.0 per second, at most 3 in flight (read)
          f1   250 ms after request 7 of b1 is in flight   stop db (grace 250 ms), start it after 250 ms
          f2   250 ms after the backend is ready after f1  kill and start db 4 times, 250 ms down and 250 ms up
          w1   250 ms after the API logs /lost/            wait 250 ms
        ");
    }

    #[test]
    fn a_time_does_not_vanish() {
        assert_eq!(Speed(1_000.0).time(3), 1);
        assert_eq!(Speed(1_000.0).time(0), 0);
        assert_eq!(Speed(0.5).time(3), 6);
        assert_eq!(
            [0.0, -1.0, f64::NAN, f64::INFINITY].map(Speed::new),
            [None; 4]
        );
    }

    proptest! {
        #[test]
        fn slowed_down_and_sped_up_again_it_is_the_same(ms in 0u64..100_000, factor in 1u32..64) {
            let (slow, fast) = (Speed(1.0 / f64::from(factor)), Speed(f64::from(factor)));
            let there_and_back = fast.plan(&slow.plan(&plan(ms)));
            // Rates are not whole numbers, and may be rounded.
            prop_assert_eq!(&there_and_back.steps[2..], &plan(ms).steps[2..]);
            prop_assert_eq!(Speed::AS_WRITTEN.plan(&plan(ms)), plan(ms));
        }
    }
}
