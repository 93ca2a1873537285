//! How a request ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorBodies;

/// How a request ended, seen from the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The API answered as expected; for a job: it reached a state of success.
    Ok,
    /// The API answered, and it was no success. The status may even be 200: an answer that misses
    /// what the configuration expects is no success.
    Failed {
        /// The HTTP status of the answer that decided it.
        status: u16,
        /// The state of the job where a job's failed state decided it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job_state: Option<String>,
        /// What the API said, capped and redacted. Empty when it said nothing.
        message: String,
    },
    /// The API did not answer: nobody knows whether the work was done.
    Unknown {
        /// Why there is no answer.
        reason: UnknownReason,
        /// The error's own words.
        message: String,
    },
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownReason {
    /// No answer within the limit.
    TimedOut,
    /// An accepted job was not terminal within its limit.
    JobNotTerminal,
    /// The connection was refused: nothing listens at the API's address.
    Refused,
    /// The connection broke before the answer was whole.
    Reset,
    /// An answer came that is no valid HTTP.
    Garbled,
    /// The harness gave up first, because the trial was interrupted or failed.
    Dropped,
}

impl Outcome {
    /// The words for the three outcomes.
    pub const NAMES: [&str; 3] = ["ok", "failed", "unknown"];

    /// Whether this is a success.
    pub fn is_ok(&self) -> bool {
        matches!(self, Outcome::Ok)
    }

    /// Whether it was waited for as long as its limit allows, in vain.
    pub fn ran_into_limit(&self) -> bool {
        matches!(
            self,
            Outcome::Unknown {
                reason: UnknownReason::TimedOut | UnknownReason::JobNotTerminal,
                ..
            }
        )
    }

    /// The stable word for the way in which it fails without saying so; none where it succeeds,
    /// says what went wrong, or was not answered in time, which is another matter.
    ///
    /// A status of 500 or more says by itself that the server failed; whether it needs a body as
    /// well is a limit. A 4xx blames the client, so it has to say what for.
    pub fn vagueness(&self, bodies: ErrorBodies) -> Option<&'static str> {
        match self {
            Outcome::Ok => None,
            Outcome::Failed {
                status,
                job_state: None,
                ..
            } if *status < 400 => Some("empty-success"),
            Outcome::Failed { message, .. } if !message.trim().is_empty() => None,
            Outcome::Failed {
                status,
                job_state: None,
                ..
            } if *status >= 500 && bodies == ErrorBodies::Optional => None,
            Outcome::Failed { .. } => Some("no-message"),
            Outcome::Unknown { reason, .. } => match reason {
                UnknownReason::Refused => Some("connection-refused"),
                UnknownReason::Reset => Some("connection-broke"),
                UnknownReason::Garbled => Some("garbled"),
                UnknownReason::TimedOut
                | UnknownReason::JobNotTerminal
                | UnknownReason::Dropped => None,
            },
        }
    }

    /// The word for it: `ok`, `failed` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed { .. } => "failed",
            Outcome::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnknownReason::TimedOut => "no answer in time",
            UnknownReason::JobNotTerminal => "job never finished",
            UnknownReason::Refused => "connection refused",
            UnknownReason::Reset => "connection broke",
            UnknownReason::Garbled => "answer is not HTTP",
            UnknownReason::Dropped => "given up by the harness",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ok => f.write_str("ok"),
            Outcome::Failed {
                status,
                job_state: Some(state),
                message,
            } => {
                write!(f, "failed (job {state}, status {status}): {message}")
            }
            Outcome::Failed {
                status, message, ..
            } if message.is_empty() => {
                let code = hyper::StatusCode::from_u16(*status);
                let phrase = code.ok().and_then(|code| code.canonical_reason());
                write!(f, "failed ({status}): {}", phrase.unwrap_or("no message"))
            }
            Outcome::Failed {
                status, message, ..
            } => write!(f, "failed ({status}): {message}"),
            Outcome::Unknown { reason, message } => write!(f, "unknown ({reason}): {message}"),
        }
    }
}
