//! Whether the harness waited as long as the limits allow, and whether the API had enough processor
//! time meanwhile.
//!
//! Time that this machine withheld from the harness does not count: limits are extended by it, and
//! the harness waits that much longer. So an API that hangs is found on a busy machine, too, and
//! one that had no time to work is not accused.
//!
//! | predicate | true when | asked by | why this threshold |
//! |---|---|---|---|
//! | `answer_timed_out`, `job_timed_out` | the counted time reaches the limit judged by; or the trial's own timer fired, and that limit is not looser than the one recorded | `no-hang` | a trial's own timer is believed, so that its rounding (2 ms) decides nothing |
//! | `was_given_up_early` | the harness gave a request up before the limits judged by | `bounded-failures`, `recovers` | it might still have been answered in time |
//! | `is_cpu_starved` | more than 1/4 of the time was withheld, or `is_backlogged`, or `is_crowded_out` | `no-hang`, `recovers` | a request passes through several processes, each of which may have waited as long as the harness |
//! | `is_backlogged` | more than 1/4 of the trial so far was withheld | the row above, the row below | what was sent before is still being worked off |
//! | `may_be_delayed` | 1/10 of the time, or 100 ms, was withheld or spent waiting for a processor, or `is_backlogged` | `bounded-failures`, late answers of `no-hang`, `recovers` | less than a limit here: the API may have tighter deadlines inside |
//! | `may_be_delayed_within` | the same, without the backlog | quick failures ([`api_at_fault`](super::api_at_fault)) | |
//! | `is_crowded_out` | 3 runnable tasks a processor, and the API is slow with everything | `is_cpu_starved` | one request that hangs while others are quick is no lack of time, and neither is total silence |
//! | `is_slowed_by_crowd` | 3 runnable tasks a processor, which took 100 ms from each | `bounded-failures`, late answers of `no-hang`, `recovers` | without them, the answer would have come that much sooner |
//! | `lost_cpu_time` | more than 1/10 of the time was withheld or spent waiting for a processor | `api_at_fault` | what fails at once may have been decided in this time |
//! | `waited_for_cpu` | the services waited for a processor for more than 1/10 of the time | `api_at_fault` | then a deadline of the API's may have passed because its backend was slow |
//! | `is_silent` | while such a request was open for 4 times its limit, the API answered nothing | `no-hang` | after 4 times its limit a hang is certain, whatever the machine did |
//! | `is_overtaken` | 3 jobs accepted later have succeeded | `no-hang` | the machine let the API work, and it went on without this one |

use std::cell::OnceCell;

use super::pace::ApiPace;
use crate::model::{Limits, Outcome, UnknownReason};
use crate::trace::{Request, Span, Spans, View};

/// What timers round, in microseconds.
const ROUNDING_US: u64 = 2_000;

/// With this many runnable tasks to a processor, each gets so little of it that this may be why
/// something took long.
const CROWDED: f64 = 3.0;

/// The shortest delay that can break a deadline which an API has inside.
const NOTICEABLE_US: u64 = 100_000;

/// After this many times its limit a hang is certain, whatever the machine did.
const CERTAIN: u64 = 4;

/// This many jobs that came later and are done show that one is left behind.
const OVERTAKERS: usize = 3;

/// Knows the limits that a trial was run by and those it is judged by. Where the latter are looser,
/// a request that the harness gave up might still have been answered in time: it proves nothing.
pub(super) struct Timing<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    /// Needed only on a crowded machine.
    pace: OnceCell<ApiPace>,
}

impl<'v, 'a> Timing<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>, limits: &'v Limits) -> Self {
        Timing {
            view,
            limits,
            pace: OnceCell::new(),
        }
    }

    /// Whether an unanswered exchange that was given up at the end of such a time ran into its
    /// limit. A trial's own timer is believed, so that its rounding decides nothing.
    pub(super) fn answer_timed_out(&self, exchange: Span) -> bool {
        let limits = &self.view.header().limits;
        self.timed_out(exchange, self.limits.answer_ms, limits.answer_ms)
    }

    /// The same of a job that had such a time with every backend ready.
    pub(super) fn job_timed_out(&self, ready_time: Span) -> bool {
        let limits = &self.view.header().limits;
        self.timed_out(ready_time, self.limits.job_ms, limits.job_ms)
    }

    fn timed_out(&self, span: Span, limit_ms: u64, recorded_ms: u64) -> bool {
        let counted_us = self.view.counted_us(span);
        // Withheld time is detected afterwards, perhaps too late for the timer.
        let in_force = limit_ms <= recorded_ms
            && (counted_us == span.length_us()
                || counted_us + ROUNDING_US >= limit_ms.saturating_mul(1_000));
        in_force || counted_us >= limit_ms.saturating_mul(1_000)
    }

    /// The time that a job had with every backend ready, without a break, until it ended or the
    /// trial did: its limit counts from the later of its acceptance and the last ready, and is
    /// suspended while a backend is away. Of several such times, the one that counts longest.
    pub(super) fn job_ready_time(&self, request: &Request<'_>) -> Option<Span> {
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

    /// Whether this machine withheld so much of a time that it proves nothing. The harness itself
    /// may not notice: where many tasks want to run, one that mostly sleeps, as it does, runs
    /// first.
    pub(super) fn is_cpu_starved(&self, span: Span) -> bool {
        self.view.withheld().covered_us(span) > span.length_us() / 4
            || self.is_backlogged(span)
            || self.is_crowded_out(span)
    }

    /// Whether this machine withheld more than a quarter of the trial until the end of such a time.
    fn is_backlogged(&self, span: Span) -> bool {
        let baseline = self.view.under_test().first();
        let so_far = Span {
            from_us: baseline.map_or(0, |event| event.at_us).min(span.to_us),
            to_us: span.to_us,
        };
        self.view.withheld().covered_us(so_far) > so_far.length_us() / 4
    }

    /// Whether the API's machine was crowded, and the API slow with everything. A single request
    /// that hangs while others are answered as ever has another cause, and so has an API that
    /// answers nothing at all: with little processor time, it still answers now and then.
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
    /// withheld part of it.
    pub(super) fn may_be_delayed(&self, span: Span) -> bool {
        self.may_be_delayed_within(span) || self.is_backlogged(span)
    }

    /// The same for what was withheld in this time alone.
    pub(super) fn may_be_delayed_within(&self, span: Span) -> bool {
        let late_us = self.view.withheld().covered_us(span);
        let withheld_us = late_us.max(self.view.waited_us(span));
        withheld_us > 0 && withheld_us >= (span.length_us() / 10).min(NOTICEABLE_US)
    }

    /// Whether the services or the harness had no processor for more than a tenth of such a time.
    pub(super) fn lost_cpu_time(&self, span: Span) -> bool {
        let late_us = self.view.withheld().covered_us(span);
        late_us > span.length_us() / 10 || self.waited_for_cpu(span)
    }

    /// Whether the kernel says that the services waited for a processor for more than a tenth of
    /// such a time.
    pub(super) fn waited_for_cpu(&self, span: Span) -> bool {
        self.view.waited_us(span) > span.length_us() / 10
    }

    /// Whether the API answered nothing at all from the beginning of an unanswered exchange until
    /// requests of its kind had been under way for four times the limit.
    pub(super) fn is_silent(&self, request: &Request<'_>, from_us: u64) -> bool {
        let answered_us = self.pace().next_answer_us(from_us);
        let to_us = answered_us.unwrap_or(self.view.observed_until_us());
        let silence = Span { from_us, to_us };
        let of_kind = self.view.requests().iter();
        let of_kind = of_kind.filter(|r| r.kind == request.kind);
        let under_way: Spans = of_kind.map(Request::span).collect();
        is_certain(under_way.covered_us(silence), self.limits.answer_ms)
    }

    /// Whether several jobs that were accepted later have succeeded in the time that a job had with
    /// every backend ready.
    pub(super) fn is_overtaken(&self, request: &Request<'_>, ready_time: Span) -> bool {
        let overtook = |r: &&Request<'_>| {
            let later = r
                .accepted
                .is_some_and(|a| a.moment.at_us > ready_time.from_us);
            later && r.kind == request.kind && r.is_ok() && r.span().to_us <= ready_time.to_us
        };
        self.view.requests().iter().filter(overtook).count() >= OVERTAKERS
    }

    /// Whether in such a time a crowd of tasks took [`NOTICEABLE_US`] from each of them.
    pub(super) fn is_slowed_by_crowd(&self, span: Span) -> bool {
        let share = 1.0 - 1.0 / self.view.crowd(span);
        self.is_crowded(span) && span.length_us() as f64 * share >= NOTICEABLE_US as f64
    }

    /// Whether a request failed only because the harness gave it up before these limits.
    pub(super) fn was_given_up_early(&self, request: &Request<'_>) -> bool {
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
                !self.answer_timed_out(Span { from_us, to_us })
            }
            UnknownReason::JobNotTerminal => {
                let ready_time = self.job_ready_time(request);
                !ready_time.is_some_and(|time| self.job_timed_out(time))
            }
            _ => false,
        }
    }
}

/// Whether enough time had passed that a hang is certain.
pub(super) fn is_certain(waited_us: u64, limit_ms: u64) -> bool {
    waited_us >= limit_ms.saturating_mul(1_000 * CERTAIN)
}
