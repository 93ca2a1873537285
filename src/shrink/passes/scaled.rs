//! All times of a plan made shorter at once.

use crate::model::{Number, Plan};

/// The plan with every time multiplied by `factor`, which is at most 1.
pub fn scaled(plan: &Plan, factor: f64) -> Plan {
    let numbers = Number::all(plan).into_iter();
    numbers
        .filter(|number| number.kind.is_time())
        .fold(plan.clone(), |plan, number| {
            let value = number.get(&plan).unwrap_or(0);
            let smaller = (value as f64 * factor) as u64;
            number.set(&plan, smaller.max(number.kind.least()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Anchor, Burst, Fault, FaultKind, Mix, Pace, Step, StepId};

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
