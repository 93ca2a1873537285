//! Whether the API was slow with everything.

use crate::model::{Limits, Outcome};
use crate::trace::{Answer, Exchange, Request, Span, View};

/// An API that usually answers, and ends its jobs, within this part of the limits has enough
/// processor time, however crowded its machine is.
const LIVELY: u64 = 10;

/// When the API answered exchanges and ended jobs, and how long that took.
#[derive(Debug)]
pub(super) struct ApiPace {
    exchanges: Finished,
    jobs: Finished,
}

impl ApiPace {
    pub fn of(view: &View<'_>, limits: &Limits) -> Self {
        let requests = || view.requests().iter();
        ApiPace {
            exchanges: Finished::new(requests().flat_map(exchanges), limits.answer_ms),
            jobs: Finished::new(requests().filter_map(job), limits.job_ms),
        }
    }

    /// Whether half of the exchanges that were answered in such a time, or of the jobs that
    /// succeeded, took longer than a tenth of their limit.
    pub fn is_slow(&self, span: Span) -> bool {
        self.exchanges.are_slow(span) || self.jobs.are_slow(span)
    }
}

impl ApiPace {
    /// When the next exchange was answered after some time.
    pub fn next_answer_us(&self, after_us: u64) -> Option<u64> {
        let answers = &self.exchanges.0;
        let next = answers.partition_point(|(at_us, _)| *at_us <= after_us);
        answers.get(next).map(|(at_us, _)| *at_us)
    }
}

/// When each of something was finished, and how many had been slow by then.
#[derive(Debug)]
struct Finished(Vec<(u64, usize)>);

impl Finished {
    /// From when each was finished and how long it took, in microseconds.
    fn new(each: impl Iterator<Item = (u64, u64)>, limit_ms: u64) -> Self {
        let lively_us = limit_ms.saturating_mul(1_000) / LIVELY;
        let mut each: Vec<(u64, u64)> = each.collect();
        each.sort_unstable();
        let mut slow = 0;
        let counted = each.into_iter().map(|(at_us, took_us)| {
            slow += usize::from(took_us > lively_us);
            (at_us, slow)
        });
        Finished(counted.collect())
    }

    fn are_slow(&self, span: Span) -> bool {
        let from = self.0.partition_point(|(at_us, _)| *at_us < span.from_us);
        let to = self.0.partition_point(|(at_us, _)| *at_us <= span.to_us);
        let slow_before = |place: usize| place.checked_sub(1).map_or(0, |last| self.0[last].1);
        to > from && 2 * (slow_before(to) - slow_before(from)) >= to - from
    }
}

/// The answered exchanges of a request: when they were answered, and how long that took.
fn exchanges<'r>(request: &'r Request<'_>) -> impl Iterator<Item = (u64, u64)> + 'r {
    let accepted = request.accepted.map(|accepted| accepted.moment);
    let answered = request.ended.filter(|end| {
        end.exchange == Exchange::Submit && !matches!(end.outcome, Outcome::Unknown { .. })
    });
    let own = accepted.or(answered.map(|end| end.moment));
    let own = own.map(|moment| {
        let took_us = moment.at_us.saturating_sub(request.sent.at_us);
        (moment.at_us, took_us)
    });
    let polls = request.polls.iter().filter_map(|poll| {
        let answered = matches!(poll.answer, Answer::Answered { .. });
        answered.then_some((poll.moment.at_us, poll.took_us))
    });
    own.into_iter().chain(polls)
}

/// When a job succeeded, and how long after its acceptance.
fn job(request: &Request<'_>) -> Option<(u64, u64)> {
    let (accepted, end) = (request.accepted?.moment, request.ended?.moment);
    let took_us = end.at_us.saturating_sub(accepted.at_us);
    request.is_ok().then_some((end.at_us, took_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_was_finished_in_a_time_being_slow_is_slow() {
        // The limit is 1 ms, a tenth of which is no matter.
        let finished = [(30, 101), (10, 100), (20, 5_000), (40, 7), (50, 7)];
        let finished = Finished::new(finished.into_iter(), 1);
        let slow = |from_us, to_us| finished.are_slow(Span { from_us, to_us });
        assert!(slow(20, 30) && slow(30, 30) && slow(10, 20) && slow(0, 40));
        assert!(!slow(0, 50) && !slow(10, 10) && !slow(31, 50) && !slow(60, 90));
    }
}
