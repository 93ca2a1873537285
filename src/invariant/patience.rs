//! Whether the harness waited as long as the limits allow, and whether this machine let anybody
//! work meanwhile.
//!
//! Time that the machine withheld counts for nobody: limits are extended by it, and the harness
//! waits that much longer. So an API that hangs is found on a busy machine, too, and one that had
//! no time to work is not blamed.

use std::cell::OnceCell;

use super::pace::ApiPace;
use crate::model::{Limits, Outcome, UnknownReason};
use crate::trace::{Request, Span, Spans, View};

/// What timers round, in microseconds.
const ROUNDING_US: u64 = 2_000;

/// From so many tasks to a processor on, whoever wants to run gets so little of it that this may be
/// why something took long.
const CROWDED: f64 = 3.0;

/// How long it takes to break the deadlines that an API has inside, at the least.
const NOTICEABLE_US: u64 = 100_000;

/// After so many times its limit a hang is certain, whatever the machine did.
const CERTAIN: u64 = 4;

/// So many jobs that came later and are done show that one is left behind.
const OVERTAKERS: usize = 3;

/// Knows the limits that a trial was run by and those it is judged by. Where the latter are looser,
/// a request that the harness gave up on might still have been answered in time: it tells nothing.
pub(super) struct Patience<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    /// Only a crowd asks for it.
    pace: OnceCell<ApiPace>,
}

impl<'v, 'a> Patience<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>, limits: &'v Limits) -> Self {
        Patience {
            view,
            limits,
            pace: OnceCell::new(),
        }
    }

    /// Whether an unanswered exchange that was given up at the end of such a time ran into its
    /// limit. A trial's own timer is believed, so that its rounding decides nothing.
    pub(super) fn answer_ran_out(&self, exchange: Span) -> bool {
        let limits = &self.view.header().limits;
        self.ran_out(exchange, self.limits.answer_ms, limits.answer_ms)
    }

    /// The same of a job that had such a time with every backend ready.
    pub(super) fn job_ran_out(&self, calm: Span) -> bool {
        let limits = &self.view.header().limits;
        self.ran_out(calm, self.limits.job_ms, limits.job_ms)
    }

    fn ran_out(&self, span: Span, limit_ms: u64, recorded_ms: u64) -> bool {
        let counted_us = self.view.counted_us(span);
        // What was withheld came to light later, perhaps too late for the timer.
        let in_force = limit_ms <= recorded_ms
            && (counted_us == span.length_us()
                || counted_us + ROUNDING_US >= limit_ms.saturating_mul(1_000));
        in_force || counted_us >= limit_ms.saturating_mul(1_000)
    }

    /// The time that a job had with every backend ready, at a stretch, until it ended or the trial
    /// did: its limit counts from the later of its acceptance and the last ready, and rests while a
    /// backend is away. Of several, the one that counts longest.
    pub(super) fn job_calm(&self, request: &Request<'_>) -> Option<Span> {
        let from_us = request.accepted?.moment.at_us;
        let ended = request.ended.map(|end| end.moment.at_us);
        let to_us = ended.unwrap_or_else(|| self.view.observed_until_us());
        let gaps = self.view.away().gaps(Span { from_us, to_us });
        let none = Span {
            from_us,
            to_us: from_us,
        };
        let longest = gaps
            .into_iter()
            .max_by_key(|gap| self.view.counted_us(*gap));
        Some(longest.unwrap_or(none))
    }

    /// Whether this machine withheld so much of a time that nothing can be said of how it was
    /// spent: more than a quarter. A request passes through several processes, one after the other,
    /// and each of them may have been kept waiting as long as the harness was. Or it kept only the
    /// others waiting: where many want to run, who mostly sleeps, as the harness does, is let in
    /// first.
    pub(super) fn starved(&self, span: Span) -> bool {
        self.view.withheld().covered_us(span) > span.length_us() / 4
            || self.is_backlogged(span)
            || self.is_crowded_out(span)
    }

    /// Whether this machine withheld more than a quarter of the trial until then: what was sent
    /// before then is still to be worked off.
    fn is_backlogged(&self, span: Span) -> bool {
        let baseline = self.view.under_test().first();
        let so_far = Span {
            from_us: baseline.map_or(0, |event| event.at_us).min(span.to_us),
            to_us: span.to_us,
        };
        self.view.withheld().covered_us(so_far) > so_far.length_us() / 4
    }

    /// Whether the API's machine was crowded, and the API slow with everything. That tells want of
    /// time from one request that hangs while others are answered as ever, and from an API that
    /// answers nothing at all: who gets little time still answers now and then.
    fn is_crowded_out(&self, span: Span) -> bool {
        self.is_crowded(span) && self.pace().is_slow(span)
    }

    fn pace(&self) -> &ApiPace {
        self.pace
            .get_or_init(|| ApiPace::of(self.view, self.limits))
    }

    fn is_crowded(&self, span: Span) -> bool {
        self.view.crowd(span) >= CROWDED
    }

    /// Whether a request that was open for such a time may have failed only because this machine
    /// withheld that: a tenth of it, or as much as [`NOTICEABLE_US`]. That is less than it takes to
    /// break a limit here, for the API may have limits of its own, which are tighter.
    pub(super) fn squeezed(&self, span: Span) -> bool {
        self.squeezed_by_itself(span) || self.is_backlogged(span)
    }

    /// The same, of what was withheld in this time alone.
    pub(super) fn squeezed_by_itself(&self, span: Span) -> bool {
        let late_us = self.view.withheld().covered_us(span);
        let withheld_us = late_us.max(self.view.waited_us(span));
        withheld_us > 0 && withheld_us >= (span.length_us() / 10).min(NOTICEABLE_US)
    }

    /// Whether this machine kept the services or the harness from working for a considerable part
    /// of such a time.
    pub(super) fn kept_from_work(&self, span: Span) -> bool {
        let late_us = self.view.withheld().covered_us(span);
        late_us > span.length_us() / 10 || self.kept_waiting(span)
    }

    /// Whether the kernel says that the services waited for a processor for a considerable part of
    /// such a time.
    pub(super) fn kept_waiting(&self, span: Span) -> bool {
        self.view.waited_us(span) > span.length_us() / 10
    }

    /// Whether the API answered nothing at all from the beginning of an exchange that was never
    /// answered until such requests had been under way for four times the limit: that is certain,
    /// whatever the machine did.
    pub(super) fn is_silent(&self, request: &Request<'_>, from_us: u64) -> bool {
        let answered_us = self.pace().next_answer_us(from_us);
        let to_us = answered_us.unwrap_or(self.view.observed_until_us());
        let silence = Span { from_us, to_us };
        let of_kind = self.view.requests().iter();
        let of_kind = of_kind.filter(|r| r.kind == request.kind);
        let under_way: Spans = of_kind.map(Request::span).collect();
        is_certain(under_way.covered_us(silence), self.limits.answer_ms)
    }

    /// Whether several jobs that were accepted later have succeeded in such a time of a job that
    /// never ended: the machine let the API work, and it went on without this one.
    pub(super) fn is_overtaken(&self, request: &Request<'_>, calm: Span) -> bool {
        let overtook = |r: &&Request<'_>| {
            let later = r.accepted.is_some_and(|a| a.moment.at_us > calm.from_us);
            later && r.kind == request.kind && r.is_ok() && r.span().to_us <= calm.to_us
        };
        self.view.requests().iter().filter(overtook).count() >= OVERTAKERS
    }

    /// Whether in such a time a crowd took [`NOTICEABLE_US`] from each one in it. What came after
    /// all would have come so much sooner.
    pub(super) fn jostled(&self, span: Span) -> bool {
        let share = 1.0 - 1.0 / self.view.crowd(span);
        self.is_crowded(span) && span.length_us() as f64 * share >= NOTICEABLE_US as f64
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
                let from_us = request.sent.at_us;
                let to_us = end.moment.at_us;
                !self.answer_ran_out(Span { from_us, to_us })
            }
            UnknownReason::JobNotTerminal => {
                let calm = self.job_calm(request);
                !calm.is_some_and(|calm| self.job_ran_out(calm))
            }
            _ => false,
        }
    }
}

/// Whether so much time had passed that a hang is certain.
pub(super) fn is_certain(waited_us: u64, limit_ms: u64) -> bool {
    waited_us >= limit_ms.saturating_mul(1_000 * CERTAIN)
}
