//! The executor's settings.

use std::time::Duration;

use serde::Deserialize;

/// How one trial is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How long a backend may take to be ready, when the stack is brought up and after the plan.
    /// Longer, and the trial is inconclusive.
    pub ready_within: Duration,
    /// How long the API may take to serve every kind of request, when the stack is brought up.
    pub api_ready_within: Duration,
    /// How many requests of each kind the baseline burst sends.
    pub baseline_requests: u32,
    /// How long to wait for an anchor after everything else of the plan has ended and every backend
    /// is ready again. Then its step is skipped.
    pub anchor_timeout: Duration,
    /// How long to wait for the answer to a probe of the API before the next one is sent.
    pub probe_patience: Duration,
    /// The longest pause between two probes of the API. While it answers, they follow each other as
    /// fast as its answers.
    pub probe_every: Duration,
    /// The time between two measurements of the API's resource usage. Until it has come to rest, it
    /// is measured more often.
    pub resources_every: Duration,
    /// The longest time to wait until the API has come to rest, after the baseline and at the
    /// trial's end.
    pub settle: Duration,
    /// How long a service may take to end by itself when the stack is reset; then it is killed.
    /// With zero, or if it is known to ignore its stop, it is killed at once.
    pub reset_grace: Duration,
    /// The size at which a trace ends its trial as inconclusive, in bytes.
    pub max_trace_bytes: u64,
    /// The size of all traces of a run at which those of trials that held are removed, the oldest
    /// first, in bytes.
    pub max_run_bytes: u64,
    /// The length at which log lines and bodies are cut, in bytes.
    pub max_text_bytes: usize,
}

impl Default for Settings {
    /// The defaults suit a backend that takes ten seconds to start.
    fn default() -> Self {
        Settings {
            ready_within: Duration::from_secs(120),
            api_ready_within: Duration::from_secs(120),
            baseline_requests: 3,
            anchor_timeout: Duration::from_secs(30),
            probe_patience: Duration::from_secs(10),
            probe_every: Duration::from_millis(500),
            resources_every: Duration::from_secs(1),
            settle: Duration::from_secs(10),
            reset_grace: Duration::from_secs(2),
            max_trace_bytes: 256 << 20,
            max_run_bytes: 4 << 30,
            max_text_bytes: 2_000,
        }
    }
}

/// When the stack is reset after a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetPolicy {
    /// After every trial.
    #[default]
    Always,
    /// After a trial that did not hold.
    IfUnhealthy,
    /// Never.
    Never,
}
