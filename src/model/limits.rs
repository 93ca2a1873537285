//! How much is allowed.

use serde::{Deserialize, Serialize};

use super::ceiling::{self, DurationError};

/// The limits that the invariants judge by. Every trace has them in its header, so that it can be
/// judged again by the same limits or by others (`check --limit`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `answer`: how long after its intended send an HTTP exchange must be answered.
    pub answer_ms: u64,
    /// `job`: how long an accepted job may take until it is terminal, counted from its acceptance
    /// or the last backend-ready, whichever is later.
    pub job_ms: u64,
    /// `recovery`: how long after the last backend-ready success must be sustained.
    pub recovery_ms: u64,
    /// `grace`: how long after backend-ready failures are allowed. If unset, they are allowed until
    /// success is sustained, but no longer than `recovery`.
    pub grace_ms: Option<u64>,
    /// `failures`: how many failures are allowed inside the windows of the faults. If unset, any
    /// number is.
    pub failures: Option<u64>,
    /// `stragglers`: how many failures are allowed outside the windows.
    pub stragglers: u64,
    /// `log-lines`: how many lines per second the API may log, over any ten seconds, on top of a
    /// few for each request.
    #[serde(default = "log_lines_per_s")]
    pub log_lines_per_s: u64,
    /// `error-bodies`: whether an answer with a status of 500 or more needs a message.
    #[serde(default, skip_serializing_if = "ErrorBodies::is_optional")]
    pub error_bodies: ErrorBodies,
    /// What the API may use. Missing in traces from before these limits existed, which are not
    /// judged by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceLimits>,
    /// How slow the API may be after recovery. Missing in traces from before this limit existed,
    /// which are not judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyLimits>,
}

/// Whether an answer with a status of 500 or more needs a message in its body to count as an
/// explicit error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorBodies {
    /// No: the status is enough (`503 Service Unavailable`).
    #[default]
    Optional,
    /// Yes.
    Required,
}

impl ErrorBodies {
    fn is_optional(&self) -> bool {
        *self == ErrorBodies::Optional
    }
}

/// How much more the API may hold after recovery than at the baseline, and how busy it may be at
/// rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// `cpu`: how much of one core the API may use while it has nothing to do, in percent.
    pub cpu_percent: u64,
    /// `cpu-window`: the time over which that is measured. A shorter rest proves nothing.
    pub cpu_window_ms: u64,
    /// `fds`: how many more file descriptors it may hold.
    pub fds: u64,
    /// `threads`: how many more threads it may have.
    pub threads: u64,
    /// `memory`: how much more memory it may hold, in percent of the baseline.
    pub memory_percent: u64,
    /// `memory-mib`: how much more memory it may always hold, in MiB.
    pub memory_mib: u64,
}

/// How much slower the API may be after recovery than at the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyLimits {
    /// `latency`: how long a request may take, in percent of the baseline's slowest.
    pub percent: u64,
    /// `latency-slack`: how much longer than that it may always take.
    pub slack_ms: u64,
}

/// The default, also for traces from before this limit existed.
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
    /// Pools of threads and connections grow to what a burst needs, and an allocator keeps freed
    /// memory: neither is a leak. Only a loop without a pause keeps a core busy for five seconds
    /// without a request.
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
    /// How much memory is allowed for a given baseline, in bytes: the share or the fixed amount
    /// more, whichever is larger.
    pub fn memory_bytes(&self, baseline: u64) -> u64 {
        let share = baseline.saturating_mul(self.memory_percent) / 100;
        let more = share.max(self.memory_mib.saturating_mul(1 << 20));
        baseline.saturating_add(more)
    }

    /// Whether `cpu_us` of processor time within `within_us` is too much for an API that has
    /// nothing to do.
    pub fn is_busy(&self, cpu_us: u64, within_us: u64) -> bool {
        cpu_us > 0 && cpu_us.saturating_mul(100) >= within_us.saturating_mul(self.cpu_percent)
    }
}

impl LatencyLimits {
    /// How long a request may take, given the baseline's slowest request.
    pub fn allowed_us(&self, baseline_us: u64) -> u64 {
        let share = baseline_us.saturating_mul(self.percent) / 100;
        share.saturating_add(self.slack_ms.saturating_mul(1_000))
    }
}

/// Where a limit is kept, by the way in which it is written.
enum Slot<'a> {
    /// In milliseconds, written as a duration.
    Time(&'a mut u64),
    Number(&'a mut u64),
    Percent(&'a mut u64),
    Bodies(&'a mut ErrorBodies),
}

impl Slot<'_> {
    /// A value above [`ceiling`], and what is expected instead.
    fn excess(&self) -> Option<(u64, &'static str)> {
        let (value, most, expected) = match self {
            Slot::Time(ms) => (**ms, ceiling::LONGEST_MS, "at most 366 days"),
            Slot::Number(number) => (**number, ceiling::MOST, "at most 1000000000"),
            Slot::Percent(percent) => (**percent, ceiling::MOST, "at most 1000000000%"),
            Slot::Bodies(_) => return None,
        };
        (value > most).then_some((value, expected))
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
    /// When there is no such limit, or the value does not parse or exceeds [`ceiling`]. The limits
    /// are then unchanged.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let bad = |expected| LimitError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let mut limits = self.clone();
        let unknown = || LimitError::Unknown(name.to_owned());
        let mut slot = limits.slot(name).ok_or_else(unknown)?;
        match &mut slot {
            Slot::Time(ms) => {
                let time = ceiling::duration(value).map_err(|error| match error {
                    DurationError::Unreadable => bad("a duration such as `90s` or `500ms`"),
                    DurationError::TooLong => bad("at most 366 days"),
                })?;
                **ms = time.as_millis() as u64;
            }
            Slot::Number(number) => {
                **number = value.parse().map_err(|_| bad("a whole number"))?;
            }
            Slot::Percent(percent) => {
                let digits = value.strip_suffix('%').map(str::trim);
                let number = digits.and_then(|digits| digits.parse().ok());
                **percent = number.ok_or_else(|| bad("a share such as `90%`"))?;
            }
            Slot::Bodies(bodies) => {
                **bodies = match value {
                    "optional" => ErrorBodies::Optional,
                    "required" => ErrorBodies::Required,
                    _ => return Err(bad("`optional` or `required`")),
                }
            }
        }
        if let Some((_, expected)) = slot.excess() {
            return Err(bad(expected));
        }
        *self = limits;
        Ok(())
    }

    /// Checks that no limit exceeds what [`Limits::set`] accepts: those of a trace may have been
    /// edited.
    ///
    /// # Errors
    /// Names the first limit that does.
    pub fn check(&self) -> Result<(), LimitError> {
        let mut limits = self.clone();
        for name in Limits::NAMES {
            if let Some((value, expected)) = limits.slot(name).and_then(|slot| slot.excess()) {
                return Err(LimitError::Value {
                    name: name.to_owned(),
                    value: value.to_string(),
                    expected,
                });
            }
        }
        Ok(())
    }

    /// Where a limit is kept. One that is not set is set to its default first.
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        let Limits {
            resources, latency, ..
        } = self;
        Some(match name {
            "answer" => Slot::Time(&mut self.answer_ms),
            "job" => Slot::Time(&mut self.job_ms),
            "recovery" => Slot::Time(&mut self.recovery_ms),
            "grace" => Slot::Time(self.grace_ms.get_or_insert_default()),
            "failures" => Slot::Number(self.failures.get_or_insert_default()),
            "stragglers" => Slot::Number(&mut self.stragglers),
            "log-lines" => Slot::Number(&mut self.log_lines_per_s),
            "error-bodies" => Slot::Bodies(&mut self.error_bodies),
            "cpu" => Slot::Percent(&mut resources.get_or_insert_default().cpu_percent),
            "cpu-window" => Slot::Time(&mut resources.get_or_insert_default().cpu_window_ms),
            "fds" => Slot::Number(&mut resources.get_or_insert_default().fds),
            "threads" => Slot::Number(&mut resources.get_or_insert_default().threads),
            "memory" => Slot::Percent(&mut resources.get_or_insert_default().memory_percent),
            "memory-mib" => Slot::Number(&mut resources.get_or_insert_default().memory_mib),
            "latency" => Slot::Percent(&mut latency.get_or_insert_default().percent),
            "latency-slack" => Slot::Time(&mut latency.get_or_insert_default().slack_ms),
            _ => return None,
        })
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
