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

/// The acts of a fault, in order. The last one of them is an undoing: after it the backend is as it
/// was.
pub fn fault_acts(fault: &Fault) -> Vec<FaultAct> {
    let outage = Duration::from_millis(fault.outage_ms);
    let pair = |act, undo, gap| {
        [
            FaultAct { act, then: outage },
            FaultAct {
                act: undo,
                then: gap,
            },
        ]
    };
    match fault.kind {
        FaultKind::Stop { grace_ms } => {
            pair(Act::Stop { grace_ms }, Act::Start, Duration::ZERO).to_vec()
        }
        FaultKind::Kill => pair(Act::Kill, Act::Start, Duration::ZERO).to_vec(),
        FaultKind::Pause => pair(Act::Pause, Act::Unpause, Duration::ZERO).to_vec(),
        FaultKind::Cut => pair(Act::Cut, Act::Join, Duration::ZERO).to_vec(),
        FaultKind::Rapid { restarts, gap_ms } => (1..=restarts)
            .flat_map(|nth| {
                let gap = if nth == restarts { 0 } else { gap_ms };
                pair(Act::Kill, Act::Start, Duration::from_millis(gap))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
