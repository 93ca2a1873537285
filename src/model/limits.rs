//! How much is allowed.

use serde::{Deserialize, Serialize};

use super::ceiling::{self, DurationError};

/// The limits that the invariants judge by. They are in every trace's header, so that a saved trace
/// can be judged again by the same ones, or by others (`check --limit`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `answer`: an HTTP exchange must be answered so long after its intended send.
    pub answer_ms: u64,
    /// `job`: an accepted job must be terminal so long after the later of its acceptance and the
    /// last backend-ready.
    pub job_ms: u64,
    /// `recovery`: success must be sustained so long after the last backend-ready.
    pub recovery_ms: u64,
    /// `grace`: failures are allowed so long after backend-ready. Without it: until success is
    /// sustained, and at most for `recovery`.
    pub grace_ms: Option<u64>,
    /// `failures`: how many failures are allowed inside the windows of the faults. Without it: any
    /// number.
    pub failures: Option<u64>,
    /// `stragglers`: how many failures are allowed outside the windows.
    pub stragglers: u64,
    /// `log-lines`: how many lines a second the API may log, over any ten seconds, besides a few
    /// for each request.
    #[serde(default = "log_lines_per_s")]
    pub log_lines_per_s: u64,
    /// `error-bodies`: whether an answer with a status of 500 or more needs a message.
    #[serde(default, skip_serializing_if = "ErrorBodies::is_optional")]
    pub error_bodies: ErrorBodies,
    /// What the API may use. A trace of before there was such a limit is not judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceLimits>,
    /// How slow the API may be after recovery. A trace of before there was such a limit is not
    /// judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyLimits>,
}

/// Whether an answer with a status of 500 or more needs a message in its body to count as an
/// explicit error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorBodies {
    /// Its status says enough: `503 Service Unavailable`.
    #[default]
    Optional,
    /// It does.
    Required,
}

impl ErrorBodies {
    fn is_optional(&self) -> bool {
        *self == ErrorBodies::Optional
    }
}

/// How much more the API may hold after recovery than it held at the baseline, and how busy it may
/// be at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// `cpu`: how much of one core the API may use while it has nothing to do.
    pub cpu_percent: u64,
    /// `cpu-window`: over how long. A shorter rest tells nothing.
    pub cpu_window_ms: u64,
    /// `fds`: how many file descriptors it may hold more.
    pub fds: u64,
    /// `threads`: how many threads it may have more.
    pub threads: u64,
    /// `memory`: how much memory it may hold more, as a share of the baseline's.
    pub memory_percent: u64,
    /// `memory-mib`: how much memory it may hold more in any case.
    pub memory_mib: u64,
}

/// How much slower the API may be after recovery than it was at the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyLimits {
    /// `latency`: the share of the baseline's slowest request that is allowed.
    pub percent: u64,
    /// `latency-slack`: what is allowed on top of that.
    pub slack_ms: u64,
}

/// What a trace of before there was such a limit is judged by.
fn log_lines_per_s() -> u64 {
    100
}

/// A limit that cannot be set as asked.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// There is no such limit.
    #[error("no limit is called `{name}`; there are {names}", name = .0, names = Limits::NAMES.join(", "))]
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
            error_bodies: ErrorBodies::default(),
            resources: Some(ResourceLimits::default()),
            latency: Some(LatencyLimits::default()),
        }
    }
}

impl Default for ResourceLimits {
    /// Pools of threads and connections fill up to what a burst needs, and an allocator keeps what
    /// was freed: none of that is a leak. Nothing but a loop without a pause keeps a core busy for
    /// five seconds without a request.
    fn default() -> Self {
        ResourceLimits {
            cpu_percent: 90,
            cpu_window_ms: 5_000,
            fds: 64,
            threads: 64,
            memory_percent: 50,
            memory_mib: 64,
        }
    }
}

impl Default for LatencyLimits {
    fn default() -> Self {
        LatencyLimits {
            percent: 300,
            slack_ms: 100,
        }
    }
}

impl ResourceLimits {
    /// How much memory is allowed after so much at the baseline: the share or the number, whichever
    /// is more.
    pub fn memory_bytes(&self, baseline: u64) -> u64 {
        let share = baseline.saturating_mul(self.memory_percent) / 100;
        let more = share.max(self.memory_mib.saturating_mul(1 << 20));
        baseline.saturating_add(more)
    }

    /// Whether so much processor time within such a time is too much for an API that has nothing to
    /// do.
    pub fn is_busy(&self, cpu_us: u64, within_us: u64) -> bool {
        cpu_us > 0 && cpu_us.saturating_mul(100) >= within_us.saturating_mul(self.cpu_percent)
    }
}

impl LatencyLimits {
    /// How long a request may take where the slowest of the baseline took so long.
    pub fn allowed_us(&self, baseline_us: u64) -> u64 {
        let share = baseline_us.saturating_mul(self.percent) / 100;
        share.saturating_add(self.slack_ms.saturating_mul(1_000))
    }
}

impl Limits {
    /// The names of all limits.
    pub const NAMES: [&str; 16] = [
        "answer",
        "job",
        "recovery",
        "grace",
        "failures",
        "stragglers",
        "log-lines",
        "error-bodies",
        "cpu",
        "cpu-window",
        "fds",
        "threads",
        "memory",
        "memory-mib",
        "latency",
        "latency-slack",
    ];

    /// Sets a limit by name, as `check --limit NAME=VALUE` and the configuration's `[limits]` do.
    ///
    /// # Errors
    /// When there is no such limit, or the value is no duration (`90s`) or no number, or beyond
    /// [`ceiling`].
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let bad = |expected| LimitError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let millis = || match ceiling::duration(value) {
            Ok(duration) => Ok(duration.as_millis() as u64),
            Err(DurationError::Unreadable) => Err(bad("a duration such as `90s` or `500ms`")),
            Err(DurationError::TooLong) => Err(bad("at most 366 days")),
        };
        let at_most = |number: u64, expected| match number <= ceiling::MOST {
            true => Ok(number),
            false => Err(bad(expected)),
        };
        let number = || {
            let number = value.parse::<u64>().map_err(|_| bad("a whole number"))?;
            at_most(number, "at most 1000000000")
        };
        let percent = || {
            let digits = value.strip_suffix('%').map(str::trim);
            let number = digits.and_then(|digits| digits.parse::<u64>().ok());
            let number = number.ok_or_else(|| bad("a share such as `90%`"))?;
            at_most(number, "at most 1000000000%")
        };
        match name {
            "answer" => self.answer_ms = millis()?,
            "job" => self.job_ms = millis()?,
            "recovery" => self.recovery_ms = millis()?,
            "grace" => self.grace_ms = Some(millis()?),
            "failures" => self.failures = Some(number()?),
            "stragglers" => self.stragglers = number()?,
            "log-lines" => self.log_lines_per_s = number()?,
            "error-bodies" => {
                self.error_bodies = match value {
                    "optional" => ErrorBodies::Optional,
                    "required" => ErrorBodies::Required,
                    _ => return Err(bad("`optional` or `required`")),
                }
            }
            "cpu" => self.resources().cpu_percent = percent()?,
            "cpu-window" => self.resources().cpu_window_ms = millis()?,
            "fds" => self.resources().fds = number()?,
            "threads" => self.resources().threads = number()?,
            "memory" => self.resources().memory_percent = percent()?,
            "memory-mib" => self.resources().memory_mib = number()?,
            "latency" => self.latency().percent = percent()?,
            "latency-slack" => self.latency().slack_ms = millis()?,
            _ => return Err(LimitError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    fn resources(&mut self) -> &mut ResourceLimits {
        self.resources.get_or_insert_default()
    }

    fn latency(&mut self) -> &mut LatencyLimits {
        self.latency.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_set_and_no_value_is_guessed() {
        for name in Limits::NAMES {
            let mut limits = Limits::default();
            let bad = limits.set(name, "?");
            assert!(matches!(bad, Err(LimitError::Value { .. })), "{name}");
            assert_eq!(limits, Limits::default(), "{name}");
            let good = ["7s", "7", "7%", "required"];
            let fits = good.iter().filter(|value| limits.set(name, value).is_ok());
            assert_eq!(fits.count(), 1, "{name}");
            assert_ne!(limits, Limits::default(), "{name}");
        }
        let unknown = Limits::default().set("rss", "7").unwrap_err().to_string();
        assert!(unknown.contains("memory-mib, latency"), "{unknown}");
    }

    #[test]
    fn the_limits_of_an_old_trace_are_read() {
        let old = r#"{"answer_ms":1,"job_ms":2,"recovery_ms":3,"grace_ms":null,"failures":null,"stragglers":0}"#;
        let limits: Limits = serde_json::from_str(old).unwrap();
        assert_eq!((limits.resources, limits.latency), (None, None));
        assert_eq!(limits.log_lines_per_s, 100);
    }

    #[test]
    fn memory_may_grow_by_the_share_or_the_number_whichever_is_more() {
        let limits = ResourceLimits::default();
        assert_eq!(limits.memory_bytes(10 << 20), 74 << 20);
        assert_eq!(limits.memory_bytes(1 << 30), 3 << 29);
        assert_eq!(limits.memory_bytes(u64::MAX), u64::MAX);
    }
}
