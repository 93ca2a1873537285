//! Observed events instead of times.

use crate::model::{Action, Anchor, Plan};

/// The plans in which one step that starts at a time is anchored to an event instead: a fault to a
/// request in flight of an earlier burst (the first, the middle and the last one), a burst to the
/// backend being ready after an earlier fault.
pub fn anchored(plan: &Plan) -> Vec<Plan> {
    let by_time = |anchor: &Anchor| matches!(anchor, Anchor::At { .. } | Anchor::After { .. });
    let places = (0..plan.steps.len()).filter(|place| by_time(&plan.steps[*place].anchor));
    let anchored = places.flat_map(|place| {
        let anchors = events(plan, place).into_iter();
        anchors.map(move |anchor| {
            let mut anchored = plan.clone();
            anchored.steps[place].anchor = anchor;
            anchored
        })
    });
    anchored.collect()
}

/// The events of earlier steps that the step at a place could be anchored to.
fn events(plan: &Plan, place: usize) -> Vec<Anchor> {
    let is_fault = matches!(plan.steps[place].action, Action::Fault(_));
    let earlier = plan.steps[..place].iter();
    let events = earlier.flat_map(|step| match &step.action {
        Action::Burst(burst) if is_fault => {
            let mut requests = vec![1, burst.count.div_ceil(2), burst.count];
            requests.dedup();
            let of = |nth| Anchor::InFlight {
                burst: step.id.clone(),
                nth,
                offset_ms: 0,
            };
            requests.into_iter().map(of).collect()
        }
        Action::Fault(_) if !is_fault => vec![Anchor::Ready {
            fault: step.id.clone(),
            offset_ms: 0,
        }],
        _ => Vec::new(),
    });
    events.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Burst, Edge, Fault, FaultKind, Mix, Pace, Step, StepId};

    #[test]
    fn times_become_events_of_earlier_steps() {
        let burst = Action::Burst(Burst {
            count: 9,
            concurrency: 1,
            pace: Pace::Closed { think_ms: 0 },
            mix: Mix::from([("read".to_owned(), 1)]),
        });
        let fault = Action::Fault(Fault {
            backend: "db".to_owned(),
            kind: FaultKind::Kill,
            outage_ms: 100,
        });
        let step = |id: &str, anchor, action: &Action| Step {
            id: StepId(id.to_owned()),
            anchor,
            action: action.clone(),
        };
        let after = Anchor::After {
            step: StepId("f1".to_owned()),
            edge: Edge::End,
            offset_ms: 7,
        };
        let plan = Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![
                step("b1", Anchor::At { offset_ms: 0 }, &burst),
                step("f1", Anchor::At { offset_ms: 30 }, &fault),
                step("b2", after, &burst),
            ],
        };
        let changed: Vec<String> = anchored(&plan)
            .iter()
            .map(|anchored| {
                let pairs = anchored.steps.iter().zip(&plan.steps);
                let mut changed = pairs.filter(|(new, old)| new != old);
                let (step, _) = changed.next().unwrap();
                assert!(changed.next().is_none());
                format!("{} {}", step.id, step.anchor)
            })
            .collect();
        insta::assert_snapshot!(changed.join("\n"), @"
        f1 when request 1 of b1 is in flight
        f1 when request 5 of b1 is in flight
        f1 when request 9 of b1 is in flight
        b2 when the backend is ready after f1
        ");
    }
}
