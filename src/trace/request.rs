//! One request of a trial, and all that happened to it.

use super::{Exchange, Mismatch, Moment, Origin, Span, Window};
use crate::model::{Outcome, UnknownReason};

/// Up to this many polls, a request has room for no more than it has.
const FEW_POLLS: usize = 4;

/// Everything that the history says of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// Its number.
    pub id: u64,
    /// What it belongs to.
    pub origin: &'a Origin,
    /// Its kind.
    pub kind: &'a str,
    /// Its token.
    pub token: &'a str,
    /// When it was due, in microseconds since the trial began.
    pub intended_us: u64,
    /// The earlier request that it follows, if it follows one.
    pub after: Option<u64>,
    /// When it was sent.
    pub sent: Moment,
    /// How it was accepted as a job, if it was.
    pub accepted: Option<Accepted<'a>>,
    /// The polls that were new or lost, in order, including those after its end.
    pub polls: Vec<Poll<'a>>,
    /// How its answer differed from the expected one, if it did, which is rare.
    pub mismatch: Option<Box<(Moment, &'a Mismatch)>>,
    /// How it ended, if it has.
    pub ended: Option<End<'a>>,
    /// When it ended a second time, which must not happen.
    pub ended_again: Option<Box<Moment>>,
}

/// A request's acceptance as a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// When.
    pub moment: Moment,
    /// The job's id.
    pub job: &'a str,
    /// From the intended send to the accepting answer, in microseconds.
    pub latency_us: u64,
}

/// A poll of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll<'a> {
    /// When it was answered or given up.
    pub moment: Moment,
    /// From its sending to its answer or to when it was given up, in microseconds.
    pub took_us: u64,
    /// The answer.
    pub answer: Answer<'a>,
}

/// The answer to a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It was answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The job's state, if the answer has one. A reference to a `str` would be twice as long,
        /// and a long trace has many polls.
        state: Option<&'a String>,
    },
    /// It was not answered, and why.
    Lost(UnknownReason),
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// When.
    pub moment: Moment,
    /// How.
    pub outcome: &'a Outcome,
    /// The exchange that decided it.
    pub exchange: Exchange,
    /// From the intended send to the end, in microseconds.
    pub latency_us: u64,
    /// The token that the API echoed.
    pub echo: Option<&'a str>,
}

impl End<'_> {
    /// From the intended send to the end.
    pub fn span(&self) -> Span {
        Span::before(self.moment.at_us, self.latency_us)
    }
}

impl<'a> Request<'a> {
    /// Adds a poll. Most jobs have few, so no room is left for more.
    pub(super) fn polled(&mut self, poll: Poll<'a>) {
        if self.polls.len() < FEW_POLLS {
            self.polls.reserve_exact(1);
        }
        self.polls.push(poll);
    }

    /// Whether it ended in success.
    pub fn is_ok(&self) -> bool {
        self.ended.is_some_and(|end| end.outcome.is_ok())
    }

    /// Its end, if it failed. A request that the harness dropped says nothing about the API, and is
    /// no failure.
    pub fn failure(&self) -> Option<End<'a>> {
        self.ended
            .filter(|end| !end.outcome.is_ok() && !end.outcome.is_dropped())
    }

    /// Whether it was given up at its limit.
    pub fn ran_into_limit(&self) -> bool {
        self.ended.is_some_and(|end| end.outcome.ran_into_limit())
    }

    /// Whether it was sent before an event and had not ended by then.
    pub fn is_in_flight_at(&self, seq: u64) -> bool {
        self.sent.seq < seq && self.ended.is_none_or(|end| end.moment.seq > seq)
    }

    /// Whether its answer was meant for another request.
    pub fn is_crossed(&self) -> bool {
        let mismatch = self.mismatch.as_deref();
        mismatch.is_some_and(|(_, mismatch)| mismatch.asked_by.is_some())
    }

    /// The last state of its job that a poll showed.
    pub fn last_state(&self) -> Option<&'a str> {
        self.polls.iter().rev().find_map(|poll| match poll.answer {
            Answer::Answered { state, .. } => state.map(String::as_str),
            Answer::Lost(_) => None,
        })
    }

    /// From its sending to its end; to `u64::MAX` if it has not ended.
    pub fn span(&self) -> Span {
        Span {
            from_us: self.sent.at_us,
            to_us: self.ended.map_or(u64::MAX, |end| end.moment.at_us),
        }
    }

    /// The first poll since which the API no longer knows the job that it had accepted. None if the
    /// job turned up again later.
    pub fn lost_at(&self) -> Option<Moment> {
        self.accepted?;
        let is_finished = self.ended.is_some_and(|end| match end.outcome {
            Outcome::Ok => true,
            Outcome::Failed { job_state, .. } => job_state.is_some(),
            Outcome::Unknown { .. } => false,
        });
        if is_finished {
            return None;
        }
        let mut lost = None;
        for poll in &self.polls {
            match poll.answer {
                Answer::Answered { state: Some(_), .. } => lost = None,
                Answer::Answered {
                    status: 404 | 410, ..
                } => {
                    lost = lost.or(Some(poll.moment));
                }
                Answer::Answered { .. } | Answer::Lost(_) => {}
            }
        }
        lost
    }

    /// Whether it needed the backend while that was away: it was open at some time between the
    /// window's beginning and the last moment at which the backend was known not to be ready, and
    /// did not succeed before that moment.
    ///
    /// A request that succeeded during an outage may not need the backend, or reached it just
    /// before the act. One that the harness dropped says nothing.
    pub fn felt(&self, window: &Window<'_>) -> bool {
        let away = Span {
            from_us: window.began.at_us,
            to_us: window.ready.map_or(u64::MAX, |ready| ready.not_ready_us),
        };
        let open = self.span();
        let overlaps = away.from_us <= away.to_us && away.touches(open);
        let dropped = self.ended.is_some_and(|end| end.outcome.is_dropped());
        let served = self.is_ok() && open.to_us <= away.to_us;
        overlaps && !served && !dropped
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::View;
    use crate::trace::script::Script;

    #[test]
    fn an_outage_is_felt_by_what_could_not_be_served_in_it() {
        // Known to be away from 30 ms to 79.5 ms.
        let trace = Script::new(&["sync"])
            .fault("f1", FaultKind::Kill, 30, 80)
            .good(10, 0, "sync")
            .good(26, 1, "sync")
            .good(40, 2, "sync")
            .bad(50, 3, "sync")
            .sent(27, 4, "sync")
            .ok(95, 4)
            .sent(28, 5, "sync")
            .sent(60, 6, "sync")
            .unknown(70, 6, UnknownReason::Dropped)
            .bad(80, 7, "sync")
            .finish(400);
        let view = View::new(&trace);
        let window = &view.windows()[0];
        let felt = view.requests().iter().filter(|r| r.felt(window));
        let mut felt: Vec<u64> = felt.map(|r| r.id).collect();
        felt.sort();
        assert_eq!(felt, [3, 4, 5]);
    }
}
