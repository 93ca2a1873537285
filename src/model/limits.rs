//! How much is allowed.

use serde::{Deserialize, Serialize};

/// The limits that the invariants judge by. They are in every trace's header, so that a saved trace
/// can be judged again by the same ones, or by others (`check --limit`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `answer`: an HTTP exchange must be answered so long after its intended send.
    pub answer_ms: u64,
    /// `job`: an accepted job must be terminal so long after the later of its acceptance and the last
    /// backend-ready.
    pub job_ms: u64,
    /// `recovery`: success must be sustained so long after the last backend-ready.
    pub recovery_ms: u64,
    /// `grace`: failures are allowed so long after backend-ready. Without it: until success is sustained, and
    /// at most for `recovery`.
    pub grace_ms: Option<u64>,
    /// `failures`: how many failures are allowed inside the windows of the faults. Without it: any number.
    pub failures: Option<u64>,
    /// `stragglers`: how many failures are allowed outside the windows.
    pub stragglers: u64,
    /// `log-lines`: how many lines a second the API may log, over any ten seconds.
    #[serde(default = "log_lines_per_s")]
    pub log_lines_per_s: u64,
}

/// What a trace of before there was such a limit is judged by.
fn log_lines_per_s() -> u64 {
    100
}

/// A limit that cannot be set as asked.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// There is no such limit.
    #[error(
        "no limit is called `{0}`; there are answer, job, recovery, grace, failures, stragglers and log-lines"
    )]
    Unknown(String),
    /// The value does not parse.
    #[error("limit {name}: `{value}` is not {expected}")]
    Value {
        /// The limit's name.
        name: String,
        /// What was given.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
}

impl Default for Limits {
    /// The defaults suit a backend that takes ten seconds to start.
    fn default() -> Self {
        Limits {
            answer_ms: 10_000,
            job_ms: 120_000,
            recovery_ms: 120_000,
            grace_ms: None,
            failures: None,
            stragglers: 0,
            log_lines_per_s: log_lines_per_s(),
        }
    }
}

impl Limits {
    /// Sets a limit by name, as `check --limit NAME=VALUE` and the configuration's `[limits]` do.
    ///
    /// # Errors
    /// When there is no such limit, or the value is no duration (`90s`) or no number.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let bad = |expected| LimitError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let millis = || {
            humantime::parse_duration(value)
                .map(|d| d.as_millis() as u64)
                .map_err(|_| bad("a duration such as `90s` or `500ms`"))
        };
        let number = || value.parse::<u64>().map_err(|_| bad("a whole number"));
        match name {
            "answer" => self.answer_ms = millis()?,
            "job" => self.job_ms = millis()?,
            "recovery" => self.recovery_ms = millis()?,
            "grace" => self.grace_ms = Some(millis()?),
            "failures" => self.failures = Some(number()?),
            "stragglers" => self.stragglers = number()?,
            "log-lines" => self.log_lines_per_s = number()?,
            _ => return Err(LimitError::Unknown(name.to_owned())),
        }
        Ok(())
    }
}
