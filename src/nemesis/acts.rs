//! A fault as the acts it consists of.

use std::time::Duration;

use crate::model::{Act, Fault, FaultKind};

/// One act of a fault, and how long the nemesis waits after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultAct {
    /// The act.
    pub act: Act,
    /// The wait after it.
    pub then: Duration,
}

/// The acts of a fault, in order. The last one undoes it.
pub fn fault_acts(fault: &Fault) -> Vec<FaultAct> {
    let (act, undo, times, gap_ms) = match fault.kind {
        FaultKind::Stop { grace_ms } => (Act::Stop { grace_ms }, Act::Start, 1, 0),
        FaultKind::Kill => (Act::Kill, Act::Start, 1, 0),
        FaultKind::Pause => (Act::Pause, Act::Unpause, 1, 0),
        FaultKind::Cut => (Act::Cut, Act::Join, 1, 0),
        FaultKind::Link(fault) => (Act::Disturb(fault), Act::Lift, 1, 0),
        FaultKind::Rapid { restarts, gap_ms } => (Act::Kill, Act::Start, restarts, gap_ms),
    };
    let act_then = |act, then_ms| FaultAct {
        act,
        then: Duration::from_millis(then_ms),
    };
    let acts = (1..=times).flat_map(|nth| {
        let gap_ms = if nth == times { 0 } else { gap_ms };
        [act_then(act, fault.outage_ms), act_then(undo, gap_ms)]
    });
    acts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LinkFault;

    fn acts(kind: FaultKind) -> Vec<(Act, u64)> {
        let fault = Fault {
            backend: "b".to_owned(),
            kind,
            outage_ms: 7,
        };
        fault_acts(&fault)
            .iter()
            .map(|s| (s.act, s.then.as_millis() as u64))
            .collect()
    }

    #[test]
    fn every_fault_undoes_itself() {
        assert_eq!(acts(FaultKind::Kill), [(Act::Kill, 7), (Act::Start, 0)]);
        assert_eq!(acts(FaultKind::Pause), [(Act::Pause, 7), (Act::Unpause, 0)]);
        assert_eq!(acts(FaultKind::Cut), [(Act::Cut, 7), (Act::Join, 0)]);
        let half_open = FaultKind::Link(LinkFault::HalfOpen);
        assert_eq!(
            acts(half_open),
            [(Act::Disturb(LinkFault::HalfOpen), 7), (Act::Lift, 0)]
        );
        let stop = Act::Stop { grace_ms: 3 };
        assert_eq!(
            acts(FaultKind::Stop { grace_ms: 3 }),
            [(stop, 7), (Act::Start, 0)]
        );
    }

    #[test]
    fn rapid_restarts_have_gaps_between_them_and_none_at_the_end() {
        let expected = [
            (Act::Kill, 7),
            (Act::Start, 5),
            (Act::Kill, 7),
            (Act::Start, 0),
        ];
        assert_eq!(
            acts(FaultKind::Rapid {
                restarts: 2,
                gap_ms: 5
            }),
            expected
        );
    }
}
