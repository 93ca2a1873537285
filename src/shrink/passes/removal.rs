//! Leaving out steps.

use std::collections::BTreeSet;

use crate::model::{Action, Anchor, Edge, Plan, Step, StepId, StepTimes};

/// The plan without some of its steps.
///
/// A step that was anchored to one of these takes over its anchor, with an offset that keeps the
/// distance: the one between the two in `times`, where both were executed, else the one that the
/// plan asks for. So what followed an observed event by way of the step that is gone still follows
/// that event.
pub fn without(plan: &Plan, removed: &BTreeSet<StepId>, times: &StepTimes) -> Plan {
    let kept = plan.steps.iter().filter(|step| !removed.contains(&step.id));
    let steps = kept.map(|step| Step {
        anchor: anchor(plan, step, removed, times),
        ..step.clone()
    });
    Plan {
        steps: steps.collect(),
        ..plan.clone()
    }
}

/// The plan with no offset greater than this from what a step is anchored to: what ran long may
/// leave a distance behind that no plan may have.
pub fn no_later(mut plan: Plan, longest_ms: u64) -> Plan {
    for step in &mut plan.steps {
        let offset_ms = step.anchor.offset_ms().min(longest_ms);
        step.anchor = step.anchor.with_offset(offset_ms);
    }
    plan
}

/// What a step is anchored to when others are gone.
fn anchor(plan: &Plan, step: &Step, removed: &BTreeSet<StepId>, times: &StepTimes) -> Anchor {
    let (mut anchor, mut dependent) = (&step.anchor, &step.id);
    let mut distance_ms = 0;
    // A plan from a file may have a circle of anchors; it is followed once around at most.
    for _ in 0..plan.steps.len() {
        let gone = anchor.awaits().filter(|id| removed.contains(id));
        let Some(gone) = gone.and_then(|id| plan.step(id)) else {
            break;
        };
        let started = times.start_ms(&gone.id).zip(times.start_ms(dependent));
        distance_ms += match started {
            Some((earlier, later)) => later.saturating_sub(earlier),
            None => planned_ms(anchor, gone) + anchor.offset_ms(),
        };
        (anchor, dependent) = (&gone.anchor, &gone.id);
    }
    anchor.with_offset(anchor.offset_ms() + distance_ms)
}

/// How long after a step's start the event comes that an anchor names, if the plan says so.
fn planned_ms(anchor: &Anchor, step: &Step) -> u64 {
    match (anchor, &step.action) {
        (
            Anchor::After {
                edge: Edge::Start, ..
            },
            _,
        ) => 0,
        (_, Action::Fault(fault)) => fault.outage_ms,
        (_, Action::Wait(wait)) => wait.wait_ms,
        (_, Action::Burst(_)) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wait;

    fn wait(id: &str, anchor: Anchor) -> Step {
        Step {
            id: StepId(id.to_owned()),
            anchor,
            action: Action::Wait(Wait { wait_ms: 20 }),
        }
    }

    fn after(step: &str, edge: Edge, offset_ms: u64) -> Anchor {
        let step = StepId(step.to_owned());
        Anchor::After {
            step,
            edge,
            offset_ms,
        }
    }

    fn plan() -> Plan {
        let log = Anchor::Log {
            pattern: "lost".to_owned(),
            offset_ms: 5,
        };
        Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![
                wait("a", log),
                wait("b", after("a", Edge::End, 7)),
                wait("c", after("b", Edge::Start, 3)),
            ],
        }
    }

    fn anchor_of_c(removed: &[&str], times: &StepTimes) -> (String, u64) {
        let removed = removed.iter().map(|id| StepId((*id).to_owned()));
        let left = without(&plan(), &removed.collect(), times);
        let anchor = &left.step(&StepId("c".to_owned())).unwrap().anchor;
        let name = anchor.awaits().map_or("log", |id| id.0.as_str());
        (name.to_owned(), anchor.offset_ms())
    }

    #[test]
    fn what_hung_on_a_step_that_is_gone_takes_over_its_anchor() {
        let unknown = StepTimes::default();
        assert_eq!(anchor_of_c(&[], &unknown), ("b".to_owned(), 3));
        assert_eq!(anchor_of_c(&["b"], &unknown), ("a".to_owned(), 10));
        // b would have started 20 + 7 ms after a.
        assert_eq!(anchor_of_c(&["a", "b"], &unknown), ("log".to_owned(), 35));
    }

    #[test]
    fn the_recorded_distance_counts_before_the_planned_one() {
        let at = |id: &str, ms| (StepId(id.to_owned()), ms);
        let times = StepTimes {
            starts_ms: [at("a", 100), at("b", 150), at("c", 190)].into(),
            ..StepTimes::default()
        };
        assert_eq!(anchor_of_c(&["b"], &times), ("a".to_owned(), 47));
        assert_eq!(anchor_of_c(&["a", "b"], &times), ("log".to_owned(), 95));
    }
}
