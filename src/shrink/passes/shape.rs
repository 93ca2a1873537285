//! Simpler faults and loads instead of others.

use crate::model::{Action, Burst, Fault, FaultKind, LinkFault, Mix, Pace, Plan, Step, StepId};

/// Every plan in which one step has a simpler shape, the simplest first for each step: another
/// fault, one request kind, a closed loop. Anchors stay as they are: one that names an event makes
/// a failure show more often than a time does.
pub fn simpler_shapes(plan: &Plan) -> Vec<Plan> {
    let places = 0..plan.steps.len();
    let shapes = places.flat_map(|place| {
        let step = &plan.steps[place];
        actions(&step.action).into_iter().map(move |action| {
            let mut simpler = plan.clone();
            simpler.steps[place].action = action;
            simpler
        })
    });
    let (size, mut shapes): (_, Vec<Plan>) = (plan.size(), shapes.collect());
    shapes.retain(|simpler| simpler.size() < size);
    shapes
}

/// Whether two plans differ from `best` by the same change of one step.
pub fn is_same_change(best: &Plan, shape: &Plan, other: &Plan) -> bool {
    let changed = |step: &&Step| {
        best.step(&step.id)
            .is_some_and(|old| old.action != step.action)
    };
    let step = shape.steps.iter().find(changed);
    step.is_some_and(|step| {
        other
            .step(&step.id)
            .is_some_and(|old| old.action == step.action)
    })
}

fn actions(action: &Action) -> Vec<Action> {
    match action {
        Action::Wait(_) => Vec::new(),
        Action::Fault(fault) => {
            let kinds = match fault.kind {
                FaultKind::Kill => Vec::new(),
                FaultKind::Stop { .. } | FaultKind::Pause | FaultKind::Rapid { .. } => {
                    vec![FaultKind::Kill]
                }
                FaultKind::Cut => vec![FaultKind::Kill, FaultKind::Pause],
                FaultKind::Link(fault) => simpler_on_link(fault),
            };
            let mut faults: Vec<Fault> = kinds
                .into_iter()
                .map(|kind| Fault {
                    kind,
                    ..fault.clone()
                })
                .collect();
            // One kill that keeps the backend away for as long as all the restarts took.
            if let FaultKind::Rapid { .. } = fault.kind {
                faults.push(Fault {
                    kind: FaultKind::Kill,
                    outage_ms: whole_outage_ms(fault),
                    ..fault.clone()
                });
            }
            faults.into_iter().map(Action::Fault).collect()
        }
        Action::Burst(burst) => bursts(burst).into_iter().map(Action::Burst).collect(),
    }
}

/// A kill, and the faults of the link that are simpler than this one. One with numbers is no
/// substitute for another: nobody would know which numbers.
fn simpler_on_link(fault: LinkFault) -> Vec<FaultKind> {
    let mut kinds = vec![FaultKind::Kill];
    if let LinkFault::Slow {
        latency_ms,
        rate_kib_s: Some(_),
    } = fault
    {
        kinds.push(FaultKind::Link(LinkFault::Slow {
            latency_ms,
            rate_kib_s: None,
        }));
    }
    kinds.extend(WITHOUT_NUMBERS.map(FaultKind::Link));
    kinds
}

/// The link's faults without numbers, the simplest first.
const WITHOUT_NUMBERS: [LinkFault; 5] = [
    LinkFault::Reset,
    LinkFault::Refuse,
    LinkFault::AcceptClose,
    LinkFault::HalfOpen,
    LinkFault::BlackHole,
];

/// How long a fault keeps its backend away, from the first act to the last undoing, as planned.
fn whole_outage_ms(fault: &Fault) -> u64 {
    match fault.kind {
        FaultKind::Rapid { restarts, gap_ms } => {
            let restarts = u64::from(restarts);
            restarts * fault.outage_ms + restarts.saturating_sub(1) * gap_ms
        }
        _ => fault.outage_ms,
    }
}

/// The same fault by each of the other single kinds, for as long.
pub fn other_faults(fault: &Fault) -> Vec<Fault> {
    let kinds = [
        FaultKind::Kill,
        FaultKind::Stop { grace_ms: 0 },
        FaultKind::Pause,
        FaultKind::Cut,
    ];
    // Only for a fault of a link is it known that there is one.
    let is_on_link = matches!(fault.kind, FaultKind::Link(_));
    let on_link = WITHOUT_NUMBERS.map(FaultKind::Link);
    let on_link = on_link.into_iter().filter(|_| is_on_link);
    let others = kinds.into_iter().chain(on_link);
    let others = others.filter(|kind| kind.name() != fault.kind.name());
    let others = others.map(|kind| Fault {
        backend: fault.backend.clone(),
        kind,
        outage_ms: whole_outage_ms(fault),
    });
    others.collect()
}

/// The plan with another fault in a step.
pub fn with_fault(plan: &Plan, step: &StepId, fault: &Fault) -> Plan {
    let mut changed = plan.clone();
    for other in changed.steps.iter_mut().filter(|other| other.id == *step) {
        other.action = Action::Fault(fault.clone());
    }
    changed
}

fn bursts(burst: &Burst) -> Vec<Burst> {
    let mut simpler = Vec::new();
    let kinds = burst.mix.keys().filter(|_| burst.mix.len() > 1);
    simpler.extend(kinds.map(|kind| Burst {
        mix: Mix::from([(kind.clone(), 1)]),
        ..burst.clone()
    }));
    if let Pace::Open { .. } = burst.pace {
        simpler.push(Burst {
            pace: Pace::Closed { think_ms: 0 },
            ..burst.clone()
        });
    }
    simpler
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Anchor;

    #[test]
    fn many_restarts_become_one_kill_that_lasts_as_long() {
        let rapid = Fault {
            backend: "db".to_owned(),
            kind: FaultKind::Rapid {
                restarts: 4,
                gap_ms: 9,
            },
            outage_ms: 100,
        };
        let kills: Vec<String> = actions(&Action::Fault(rapid.clone()))
            .iter()
            .map(ToString::to_string)
            .collect();
        let kill = |ms| format!("kill db, start it after {ms} ms");
        assert_eq!(kills, [kill(100), kill(427)]);
        let others = other_faults(&rapid);
        let names: Vec<&str> = others.iter().map(|fault| fault.kind.name()).collect();
        assert_eq!(names, ["kill", "stop", "pause", "cut"]);
        assert!(others.iter().all(|fault| fault.outage_ms == 427));
    }

    #[test]
    fn shapes_are_simpler_and_change_one_step_each() {
        let burst = Burst {
            count: 4,
            concurrency: 2,
            pace: Pace::Open { rate_per_s: 5.0 },
            mix: Mix::from([("job".to_owned(), 2), ("sync".to_owned(), 1)]),
        };
        let fault = Fault {
            backend: "db".to_owned(),
            kind: FaultKind::Cut,
            outage_ms: 100,
        };
        let step = |id: &str, anchor, action| Step {
            id: StepId(id.to_owned()),
            anchor,
            action,
        };
        let start = Anchor::At { offset_ms: 0 };
        let plan = Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![
                step("b1", start.clone(), Action::Burst(burst)),
                step("f1", start, Action::Fault(fault)),
            ],
        };
        let shapes = simpler_shapes(&plan);
        let changed: Vec<String> = shapes
            .iter()
            .map(|shape| {
                let pairs = shape.steps.iter().zip(&plan.steps);
                let mut changed = pairs.filter(|(new, old)| new != old);
                let (step, _) = changed.next().unwrap();
                assert!(changed.next().is_none() && shape.size() < plan.size());
                step.action.to_string()
            })
            .collect();
        insta::assert_snapshot!(changed.join("\n"), @"
        burst of 4 requests, 5.0 per second, at most 2 in flight (job)
        burst of 4 requests, 5.0 per second, at most 2 in flight (sync)
        burst of 4 requests, 2 at a time (job ×2, sync ×1)
        kill db, start it after 100 ms
        freeze db for 100 ms
        ");
    }
}
