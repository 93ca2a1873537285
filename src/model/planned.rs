//! How long a plan takes by itself.

use super::{Action, Anchor, Edge, FaultKind, Pace, Plan, Step};

impl Plan {
    /// How long its steps take if every answer and every restart comes at once, in milliseconds. A
    /// stack takes longer.
    pub fn planned_ms(&self) -> u64 {
        let ends = self.steps.iter().map(|step| self.ends_ms(step, 0));
        ends.max().unwrap_or(0)
    }

    fn ends_ms(&self, step: &Step, depth: usize) -> u64 {
        self.starts_ms(step, depth) + length_ms(&step.action)
    }

    /// A step starts some time after another one. In a plan from a file the steps may name each
    /// other in a circle, so only as many are followed as there are.
    fn starts_ms(&self, step: &Step, depth: usize) -> u64 {
        let (named, edge) = match &step.anchor {
            Anchor::At { .. } | Anchor::Log { .. } => (None, Edge::Start),
            Anchor::After { step, edge, .. } => (Some(step), *edge),
            Anchor::InFlight { burst, .. }
            | Anchor::Accepted { burst, .. }
            | Anchor::State { burst, .. } => (Some(burst), Edge::Start),
            Anchor::Ready { fault, .. } => (Some(fault), Edge::End),
        };
        let named = named.and_then(|id| self.step(id));
        let named = named.filter(|_| depth < self.steps.len());
        let from_ms = named.map_or(0, |named| match edge {
            Edge::Start => self.starts_ms(named, depth + 1),
            Edge::End => self.ends_ms(named, depth + 1),
        });
        from_ms + step.anchor.offset_ms()
    }
}

fn length_ms(action: &Action) -> u64 {
    match action {
        Action::Wait(wait) => wait.wait_ms,
        Action::Fault(fault) => match fault.kind {
            FaultKind::Rapid { restarts, gap_ms } => {
                u64::from(restarts) * fault.outage_ms
                    + u64::from(restarts.saturating_sub(1)) * gap_ms
            }
            _ => fault.outage_ms,
        },
        Action::Burst(burst) => match burst.pace {
            Pace::Closed { think_ms } => {
                let rounds = burst.count.div_ceil(burst.concurrency.max(1));
                u64::from(rounds.saturating_sub(1)) * think_ms
            }
            Pace::Open { rate_per_s } => (f64::from(burst.count) * 1_000.0 / rate_per_s) as u64,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Burst, Fault, Mix, StepId};

    #[test]
    fn steps_that_wait_for_each_other_add_up_and_others_overlap() {
        let fault = |kind| {
            Action::Fault(Fault {
                backend: "db".to_owned(),
                kind,
                outage_ms: 1_000,
            })
        };
        let rapid = FaultKind::Rapid {
            restarts: 3,
            gap_ms: 100,
        };
        let ready = Anchor::Ready {
            fault: StepId("f1".to_owned()),
            offset_ms: 50,
        };
        let burst = Action::Burst(Burst {
            count: 10,
            concurrency: 5,
            pace: Pace::Closed { think_ms: 300 },
            mix: Mix::new(),
        });
        let at = |offset_ms| Anchor::At { offset_ms };
        let mut plan = Plan {
            steps: vec![
                Step::new("b1", at(0), burst),
                Step::new("f1", at(200), fault(FaultKind::Kill)),
            ],
            seed: 1,
            index: 0,
            background: None,
        };
        assert_eq!(plan.planned_ms(), 1_200);
        plan.steps.push(Step::new("f2", ready, fault(rapid)));
        assert_eq!(plan.planned_ms(), 200 + 1_000 + 50 + 3_200);
        let circle = Anchor::After {
            step: StepId("f3".to_owned()),
            edge: Edge::End,
            offset_ms: 0,
        };
        plan.steps
            .push(Step::new("f3", circle, fault(FaultKind::Kill)));
        assert!(plan.planned_ms() >= 4_450);
    }
}
