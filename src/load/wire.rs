//! A transport with a time limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::parsed_answer::ParsedAnswer;
use super::{ExchangeError, HttpRequest, Transport};
use crate::model::{Outcome, UnknownReason, duration};
use crate::trace::{EventKind, Recorder};

/// The least that an answer is waited for after the last one of a trial.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// A transport with the limit `answer` on each exchange.
pub(super) struct TimedTransport {
    /// Carries the requests.
    transport: Arc<dyn Transport>,
    /// How long an exchange may take after it is sent.
    answer_limit: Duration,
    /// Records the harness's own errors.
    pub recorder: Recorder,
    slowest: SlowestAnswer,
}

/// How long the slowest answer so far took, in microseconds.
#[derive(Debug, Default)]
struct SlowestAnswer(AtomicU64);

/// An exchange without a response.
#[derive(Debug)]
pub(super) struct Lost {
    /// Why. `Dropped` means an error of the harness, which has been recorded.
    pub reason: UnknownReason,
    message: String,
}

impl TimedTransport {
    /// A transport whose exchanges may each take this long.
    pub fn new(
        transport: Arc<dyn Transport>,
        answer_limit: Duration,
        recorder: Recorder,
    ) -> TimedTransport {
        TimedTransport {
            transport,
            answer_limit,
            recorder,
            slowest: SlowestAnswer::default(),
        }
    }

    /// Sends a request and waits for the response until the limit has passed. Time in which this
    /// machine did not let the harness run does not count.
    pub async fn exchange(&self, request: HttpRequest) -> Result<ParsedAnswer, Lost> {
        self.exchange_within(request, self.answer_limit).await
    }

    /// As [`Self::exchange`], but waits only twice as long as the slowest answer so far took, and a
    /// second at least: what is slower is not judged, and an API that hangs has shown that already.
    pub async fn exchange_again(&self, request: HttpRequest) -> Result<ParsedAnswer, Lost> {
        let patience = (self.slowest.get() * 2).max(LEAST_PATIENCE);
        self.exchange_within(request, patience.min(self.answer_limit))
            .await
    }

    async fn exchange_within(
        &self,
        request: HttpRequest,
        limit: Duration,
    ) -> Result<ParsedAnswer, Lost> {
        let sent = Instant::now();
        let answer = tokio::select! {
            biased;
            answer = self.transport.exchange(request) => Some(answer),
            () = self.recorder.pass(sent, limit) => None,
        };
        match answer {
            Some(Ok(answer)) => {
                self.slowest.take(sent.elapsed());
                Ok(ParsedAnswer::new(&answer))
            }
            Some(Err(ExchangeError::Unanswered { reason, message })) => {
                Err(Lost { reason, message })
            }
            Some(Err(ExchangeError::Harness { message })) => Err(self.trouble(message)),
            None => Err(Lost {
                reason: UnknownReason::TimedOut,
                message: format!("no answer within {}", duration(limit)),
            }),
        }
    }

    /// Records that the harness itself failed.
    pub fn trouble(&self, message: String) -> Lost {
        self.recorder.record(EventKind::Trouble {
            during: "sending requests".to_owned(),
            message: message.clone(),
        });
        Lost {
            reason: UnknownReason::Dropped,
            message,
        }
    }
}

impl SlowestAnswer {
    fn take(&self, took: Duration) {
        self.0.fetch_max(took.as_micros() as u64, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

impl From<Lost> for Outcome {
    fn from(Lost { reason, message }: Lost) -> Outcome {
        Outcome::Unknown { reason, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::scripted::{Reply, Scripted};
    use crate::trace::Redaction;

    /// How long a second exchange is waited for that is never answered, in milliseconds, if the
    /// first was answered after `first_ms`, and an exchange may take ten seconds.
    async fn waited_again_ms(first_ms: u64) -> u128 {
        let scripted = Scripted::new(move |_, before| match before {
            0 => Reply::Answer(first_ms, 200, String::new()),
            _ => Reply::Silence,
        });
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let wire = TimedTransport::new(Arc::new(scripted), Duration::from_secs(10), recorder);
        assert!(wire.exchange(HttpRequest::get("/")).await.is_ok());
        let sent = Instant::now();
        let lost = wire.exchange_again(HttpRequest::get("/")).await;
        assert_eq!(
            lost.err().map(|lost| lost.reason),
            Some(UnknownReason::TimedOut)
        );
        sent.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_again_as_long_as_the_slowest_one_makes_likely() {
        assert_eq!(waited_again_ms(20).await, 1_000);
        assert_eq!(waited_again_ms(3_000).await, 6_000);
        assert_eq!(waited_again_ms(7_000).await, 10_000);
    }
}
