//! Since when nothing was answered.

use super::{Event, EventKind};
use crate::model::{Outcome, UnknownReason};

/// When connections broke or were refused after which nothing was answered for some time.
#[derive(Debug, Default)]
pub(super) struct Silences {
    /// The events that change it, and the first broken connection of the silence since then.
    changes: Vec<(u64, Option<u64>)>,
}

impl Silences {
    /// Reads the next event.
    pub fn take(&mut self, event: &Event) {
        let silent = self.changes.last().and_then(|(_, silent)| *silent);
        let now = match &event.kind {
            EventKind::Accepted { .. } | EventKind::Polled { .. } => None,
            EventKind::Ended { outcome, .. } => match outcome {
                Outcome::Ok | Outcome::Failed { .. } => None,
                Outcome::Unknown {
                    reason: UnknownReason::Reset | UnknownReason::Refused,
                    ..
                } => silent.or(Some(event.seq)),
                Outcome::Unknown { .. } => return,
            },
            _ => return,
        };
        if now != silent {
            self.changes.push((event.seq, now));
        }
    }

    /// The first request's end without a connection after which, until an event, nothing was
    /// answered.
    pub fn since(&self, until_seq: u64) -> Option<u64> {
        let place = self.changes.partition_point(|(seq, _)| *seq <= until_seq);
        self.changes[..place].last()?.1
    }
}
