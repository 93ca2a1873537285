//! A transport with a time limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::reading::Reading;
use super::{ExchangeError, HttpRequest, Transport};
use crate::model::{Outcome, UnknownReason, duration};
use crate::trace::{EventKind, Recorder};

/// A transport with the limit `answer` on each exchange.
pub(super) struct TimedTransport {
    /// Carries the requests.
    pub transport: Arc<dyn Transport>,
    /// How long an exchange may take after it is sent.
    pub answer_limit: Duration,
    /// Records the harness's own errors.
    pub recorder: Recorder,
}

/// An exchange without a response.
#[derive(Debug)]
pub(super) struct Lost {
    /// Why. `Dropped` means an error of the harness, which has been recorded.
    pub reason: UnknownReason,
    message: String,
}

impl TimedTransport {
    /// Sends a request and waits for the response until the limit has passed. Time in which this
    /// machine did not let the harness run does not count.
    pub async fn exchange(&self, request: HttpRequest) -> Result<Reading, Lost> {
        let answer = tokio::select! {
            biased;
            answer = self.transport.exchange(request) => Some(answer),
            () = self.recorder.pass(Instant::now(), self.answer_limit) => None,
        };
        match answer {
            Some(Ok(answer)) => Ok(Reading::new(&answer)),
            Some(Err(ExchangeError::Unanswered { reason, message })) => {
                Err(Lost { reason, message })
            }
            Some(Err(ExchangeError::Harness { message })) => Err(self.trouble(message)),
            None => Err(Lost {
                reason: UnknownReason::TimedOut,
                message: format!("no answer within {}", duration(self.answer_limit)),
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

impl From<Lost> for Outcome {
    fn from(Lost { reason, message }: Lost) -> Outcome {
        Outcome::Unknown { reason, message }
    }
}
