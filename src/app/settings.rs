//! The settings of the demo's API.

use std::time::Duration;

use super::Variant;

/// The settings of the demo's API. The defaults are those of the healthy variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiSettings {
    /// The variant. Code that contains a bug checks for it.
    pub variant: Variant,
    /// How long a call may wait for its response; `None` means forever.
    pub call_deadline: Option<Duration>,
    /// Whether a late response makes the API reset the connection.
    pub resets_when_late: bool,
    /// The maximum number of calls in flight, and how long a call waits for its turn.
    pub slots: Option<(usize, Duration)>,
    /// How long a connection attempt may take, including the greeting.
    pub connect_deadline: Duration,
    /// For this long after the loss of the channel, calls wait for the next one. Later they fail at
    /// once.
    pub patience: Duration,
    /// The pause after the first failed connection attempt. It doubles after each further one.
    pub backoff_min: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
    /// How long calls are refused after a reconnect.
    pub warm_up: Duration,
    /// How often a call is retried after its connection broke.
    pub retries: u32,
    /// The circuit breaker: how many failed calls in a row open it, and for how long.
    pub breaker: Option<(u32, Duration)>,
    /// How long the processor takes to start a job before it calls the backend.
    pub startup: Duration,
    /// How many jobs may be queued.
    pub max_queued: usize,
    /// How many jobs may be queued while the backend is away.
    pub max_queued_away: usize,
    /// How many jobs the processor gives to the backend at once.
    pub batch: usize,
    /// How many jobs are remembered. Beyond that, the oldest finished ones are forgotten.
    pub max_jobs: usize,
    /// How many requests are logged per 500 ms.
    pub request_lines: u32,
}

impl ApiSettings {
    /// Whether these are the settings of a variant.
    pub(super) fn is(&self, variant: Variant) -> bool {
        self.variant == variant
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        ApiSettings {
            variant: Variant::Healthy,
            call_deadline: Some(Duration::from_millis(250)),
            resets_when_late: true,
            slots: None,
            connect_deadline: Duration::from_millis(250),
            patience: Duration::from_millis(300),
            backoff_min: Duration::from_millis(20),
            backoff_max: Duration::from_millis(100),
            warm_up: Duration::ZERO,
            retries: 0,
            breaker: None,
            startup: Duration::from_millis(5),
            max_queued: 1_024,
            max_queued_away: 1_024,
            batch: 16,
            max_jobs: 8_192,
            request_lines: 0,
        }
    }
}
