//! A request in flight.

use tokio::time::Instant;

use crate::model::{Outcome, UnknownReason};
use crate::trace::{EventKind, Exchange, Mismatch, Recorder};

/// A request in flight. Exactly one `Ended` is recorded: with its outcome, or when it is dropped
/// because the caller gave up.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    recorder: &'a Recorder,
    request: u64,
    intended: Instant,
    exchange: Exchange,
    ended: bool,
}

impl<'a> Pending<'a> {
    /// A request whose `Sent` has just been recorded.
    pub fn new(recorder: &'a Recorder, request: u64, intended: Instant) -> Self {
        Pending {
            recorder,
            request,
            intended,
            exchange: Exchange::Submit,
            ended: false,
        }
    }

    /// The request's number.
    pub fn request(&self) -> u64 {
        self.request
    }

    /// Records that it was accepted as a job. From now on a poll decides its outcome.
    pub fn accepted(&mut self, job: String) {
        self.recorder.record(EventKind::Accepted {
            request: self.request,
            job,
            latency_us: self.latency_us(),
        });
        self.exchange = Exchange::Poll;
    }

    /// Records how the response differs from what was expected. The request is about to end.
    pub fn mismatched(&self, mismatch: Mismatch) {
        let request = self.request;
        self.recorder
            .record(EventKind::Mismatched { request, mismatch });
    }

    /// Records the outcome, and the token that the deciding response echoed.
    pub fn end(mut self, outcome: Outcome, echo: Option<String>) -> Outcome {
        self.record_end(outcome.clone(), echo);
        outcome
    }

    fn record_end(&mut self, outcome: Outcome, echo: Option<String>) {
        self.ended = true;
        self.recorder.record(EventKind::Ended {
            request: self.request,
            outcome,
            exchange: self.exchange,
            latency_us: self.latency_us(),
            echo,
        });
    }

    fn latency_us(&self) -> u64 {
        Instant::now()
            .saturating_duration_since(self.intended)
            .as_micros() as u64
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let outcome = Outcome::Unknown {
                reason: UnknownReason::Dropped,
                message: "the harness stopped waiting for it".to_owned(),
            };
            self.record_end(outcome, None);
        }
    }
}
