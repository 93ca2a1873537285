//! How a request ended, for readers of a page.

use super::Row;
use crate::model::UnknownReason;

/// How a request ended, and what its time says:
///
/// | end | time |
/// |---|---|
/// | `Ok`, `Failed` | how long it took |
/// | `Unanswered`: refused, broken off or garbled | when the connection ended |
/// | `Open`, `Waited` | a lower bound: nobody waited longer |
///
/// The page's script knows them by these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEnd {
    /// As expected.
    Ok = 0,
    /// The API said that it failed.
    Failed = 1,
    /// There was no answer.
    Unanswered = 2,
    /// It was still open when the trial ended.
    Open = 3,
    /// It had no answer, or its job no end, within the limit.
    Waited = 4,
}

impl Row {
    /// How it ended.
    pub fn how(&self) -> RequestEnd {
        match (self.ended, self.unanswered) {
            (None, _) | (_, Some(UnknownReason::Dropped)) => RequestEnd::Open,
            (_, Some(UnknownReason::TimedOut | UnknownReason::JobNotTerminal)) => {
                RequestEnd::Waited
            }
            (Some(("ok", _)), _) => RequestEnd::Ok,
            (Some(("failed", _)), _) => RequestEnd::Failed,
            _ => RequestEnd::Unanswered,
        }
    }
}
