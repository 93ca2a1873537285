//! How a request ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorBodies;

/// How a request ended, as the client saw it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The API answered as expected; a job reached a state of success.
    Ok,
    /// The API answered without success. The status may be 200: an answer that lacks what the
    /// configuration expects is a failure, too.
    Failed {
        /// The HTTP status of the answer that decided it.
        status: u16,
        /// The state of the job, if a failed state decided it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job_state: Option<String>,
        /// The API's message, capped and redacted. Empty if there was none.
        message: String,
    },
    /// The API did not answer, so it is unknown whether the work was done.
    Unknown {
        /// Why there is no answer.
        reason: UnknownReason,
        /// The error's message.
        message: String,
    },
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownReason {
    /// No answer within the limit.
    TimedOut,
    /// An accepted job was not terminal within its limit.
    JobNotTerminal,
    /// The connection was refused: nothing listens at the API's address.
    Refused,
    /// The connection broke before the answer was complete.
    Reset,
    /// The answer is not valid HTTP.
    Garbled,
    /// The harness gave up first, because the trial was interrupted or failed.
    Dropped,
}

impl Outcome {
    /// The names of the three outcomes.
    pub const NAMES: [&str; 3] = ["ok", "failed", "unknown"];

    /// Whether this is a success.
    pub fn is_ok(&self) -> bool {
        matches!(self, Outcome::Ok)
    }

    /// Whether it was not over when its time limit ended.
    pub fn ran_into_limit(&self) -> bool {
        matches!(
            self,
            Outcome::Unknown {
                reason: UnknownReason::TimedOut | UnknownReason::JobNotTerminal,
                ..
            }
        )
    }

    /// Whether the harness gave up first, so that it says nothing about the API.
    pub fn is_dropped(&self) -> bool {
        matches!(
            self,
            Outcome::Unknown {
                reason: UnknownReason::Dropped,
                ..
            }
        )
    }

    /// A stable word for a failure that does not explain itself. None if the request succeeded, the
    /// API said what went wrong, or the time limit was exceeded, which other invariants judge.
    ///
    /// A status of 500 or more says by itself that the server failed; a limit decides whether it
    /// needs a body as well. A 4xx blames the client, so it must say what for.
    pub fn vagueness(&self, bodies: ErrorBodies) -> Option<&'static str> {
        match self {
            Outcome::Ok => None,
            Outcome::Failed {
                status,
                job_state,
                message,
            } => match status {
                ..400 if job_state.is_none() => Some("empty-success"),
                _ if !message.trim().is_empty() => None,
                500.. if job_state.is_none() && bodies == ErrorBodies::Optional => None,
                _ => Some("no-message"),
            },
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

    /// Its name: `ok`, `failed` or `unknown`.
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
                job_state,
                message,
            } => match job_state {
                Some(state) => write!(f, "failed (job {state}, status {status}): {message}"),
                None if message.is_empty() => {
                    let code = hyper::StatusCode::from_u16(*status).ok();
                    let phrase = code.and_then(|code| code.canonical_reason());
                    write!(f, "failed ({status}): {}", phrase.unwrap_or("no message"))
                }
                None => write!(f, "failed ({status}): {message}"),
            },
            Outcome::Unknown { reason, message } => write!(f, "unknown ({reason}): {message}"),
        }
    }
}
