//! Whether the harness waited as long as the limits allow.

use crate::model::{Limits, Outcome, UnknownReason};
use crate::trace::{Request, Span, View};

/// Knows the limits that a trial was run by and those it is judged by. Where the latter are looser, a request
/// that the harness gave up on might still have been answered in time: it tells nothing.
pub(super) struct Patience<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
}

impl<'v, 'a> Patience<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>, limits: &'v Limits) -> Self {
        Patience { view, limits }
    }

    /// Whether an unanswered exchange that was given up after so long ran into its limit. A trial's own timer
    /// is believed, so that its rounding decides nothing.
    pub(super) fn answer_ran_out(&self, waited_us: u64) -> bool {
        self.limits.answer_ms <= self.view.header().limits.answer_ms
            || waited_us >= self.limits.answer_ms.saturating_mul(1_000)
    }

    /// The same of a job that had so long with every backend ready.
    pub(super) fn job_ran_out(&self, calm_us: u64) -> bool {
        self.limits.job_ms <= self.view.header().limits.job_ms
            || calm_us >= self.limits.job_ms.saturating_mul(1_000)
    }

    /// How long a job had with every backend ready, at a stretch, until it ended or the trial did: its limit
    /// counts from the later of its acceptance and the last ready, and rests while a backend is away.
    pub(super) fn job_calm_us(&self, request: &Request<'_>) -> Option<u64> {
        let from_us = request.accepted?.moment.at_us;
        let ended = request.ended.map(|end| end.moment.at_us);
        let to_us = ended.unwrap_or_else(|| self.view.observed_until_us());
        Some(self.view.away().longest_gap_us(Span { from_us, to_us }))
    }

    /// Whether a request failed only because the harness gave it up earlier than these limits do.
    pub(super) fn cut_short(&self, request: &Request<'_>) -> bool {
        let Some(end) = request.ended else {
            return false;
        };
        let Outcome::Unknown { reason, .. } = end.outcome else {
            return false;
        };
        match reason {
            UnknownReason::TimedOut => {
                !self.answer_ran_out(end.moment.at_us.saturating_sub(request.sent.at_us))
            }
            UnknownReason::JobNotTerminal => {
                !self.job_ran_out(self.job_calm_us(request).unwrap_or(0))
            }
            _ => false,
        }
    }
}
