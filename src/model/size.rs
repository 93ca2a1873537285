//! Which of two plans is simpler.

use super::{Action, Anchor, Edge, Fault, FaultKind, LinkFault, LinkFaultName};
use super::{NumberKind, Pace, Plan};

/// How simple a plan is: the lesser of two sizes is the simpler plan.
///
/// Fewer steps come first, then fewer requests, then simpler faults and loads, then rounder and
/// shorter times. This is the only definition of "simpler" (as is `sort_key` in Hypothesis).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// The number of steps; background load counts as one.
    pub steps: usize,
    /// The number of requests of all bursts.
    pub requests: u64,
    /// How hard the faults, loads and anchors are to understand.
    pub complexity: u64,
    /// The number of digits other than zero in all times.
    pub digits: u32,
    /// The sum of all times, in milliseconds.
    pub total_ms: u64,
}

impl Plan {
    /// How simple it is.
    pub fn size(&self) -> Size {
        let steps = self.steps.iter();
        let requests = steps.clone().filter_map(|s| s.number(NumberKind::Requests));
        let complexity = steps
            .clone()
            .map(|s| of_action(&s.action) + of_anchor(&s.anchor));
        let times = steps.flat_map(|s| NumberKind::times().filter_map(|kind| s.number(kind)));
        let times: Vec<u64> = times.collect();
        let background = self.background.as_ref();
        Size {
            steps: self.steps.len() + usize::from(background.is_some()),
            requests: requests.sum(),
            complexity: complexity.sum::<u64>()
                + background.map_or(0, |load| load.mix.len() as u64),
            digits: times.iter().map(|ms| digits(*ms)).sum(),
            total_ms: times.iter().sum(),
        }
    }
}

/// A kill is the simplest fault: it has a single number, and no connection stays open. Each sender
/// and each kind beyond the first makes a burst harder to read.
fn of_action(action: &Action) -> u64 {
    match action {
        Action::Wait(_) => 0,
        Action::Burst(burst) => {
            let open = matches!(burst.pace, Pace::Open { .. });
            u64::from(burst.concurrency.saturating_sub(1))
                + burst.mix.len().saturating_sub(1) as u64
                + u64::from(open)
        }
        Action::Fault(Fault { kind, .. }) => match kind {
            FaultKind::Kill => 0,
            FaultKind::Stop { .. } => 1,
            FaultKind::Pause => 2,
            FaultKind::Cut => 3,
            FaultKind::Rapid { restarts, .. } => 4 + u64::from(*restarts),
            FaultKind::Link(fault) => of_link(fault),
        },
    }
}

/// A fault of a link is not easier to understand than one of the backend: most end with a restart,
/// and all of a link's numbers come on top.
fn of_link(fault: &LinkFault) -> u64 {
    let limits_rate = matches!(
        fault,
        LinkFault::Slow {
            rate_kib_s: Some(_),
            ..
        }
    );
    4 + LinkFaultName::of(fault).complexity() + u64::from(limits_rate)
}

fn of_anchor(anchor: &Anchor) -> u64 {
    match anchor {
        Anchor::At { .. } => 0,
        Anchor::After {
            edge: Edge::End, ..
        } => 1,
        Anchor::After { .. } | Anchor::Ready { .. } => 2,
        Anchor::InFlight { nth, .. } => 2 + u64::from(*nth),
        Anchor::Accepted { nth, .. } => 3 + u64::from(*nth),
        Anchor::State { nth, .. } => 4 + u64::from(*nth),
        Anchor::Log { .. } => 3,
    }
}

fn digits(number: u64) -> u32 {
    let text = number.to_string();
    text.bytes().filter(|digit| *digit != b'0').count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Burst, Mix, Step, StepId};

    fn plan(steps: Vec<(Anchor, Action)>) -> Plan {
        let steps = steps.into_iter().enumerate();
        Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: steps
                .map(|(i, (anchor, action))| Step {
                    id: StepId(format!("s{i}")),
                    anchor,
                    action,
                })
                .collect(),
        }
    }

    fn fault(kind: FaultKind, outage_ms: u64) -> (Anchor, Action) {
        let backend = "db".to_owned();
        let fault = Fault {
            backend,
            kind,
            outage_ms,
        };
        (Anchor::At { offset_ms: 0 }, Action::Fault(fault))
    }

    fn burst(count: u32, concurrency: u32) -> (Anchor, Action) {
        let burst = Burst {
            count,
            concurrency,
            pace: Pace::Closed { think_ms: 0 },
            mix: Mix::from([("read".to_owned(), 1)]),
        };
        (Anchor::At { offset_ms: 0 }, Action::Burst(burst))
    }

    #[test]
    fn the_order_is_steps_then_requests_then_faults_then_times() {
        let rapid = FaultKind::Rapid {
            restarts: 2,
            gap_ms: 0,
        };
        let ascending = [
            vec![fault(FaultKind::Kill, 900)],
            vec![fault(FaultKind::Kill, 1_000)],
            vec![fault(FaultKind::Kill, 110)],
            vec![fault(FaultKind::Pause, 100)],
            vec![fault(rapid, 100)],
            vec![burst(1, 1)],
            vec![burst(2, 1)],
            vec![burst(2, 2)],
            vec![burst(1, 1), fault(FaultKind::Kill, 1)],
        ];
        let sizes: Vec<Size> = ascending
            .into_iter()
            .map(|steps| plan(steps).size())
            .collect();
        assert!(sizes.is_sorted_by(|less, more| less < more), "{sizes:#?}");
    }
}
