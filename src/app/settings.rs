//! How the demo's API behaves.

use std::time::Duration;

use super::Variant;

/// How the API behaves. The defaults are those of the healthy variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiSettings {
    /// Which variant this is: where its bug sits, the code asks for it.
    pub variant: Variant,
    /// How long a call may wait for its answer.
    pub call_deadline: Option<Duration>,
    /// Whether the connection is reset when an answer on it is late.
    pub resets_when_late: bool,
    /// How many calls may be under way at once, and how long a call waits for its turn; none where
    /// there is no such bound.
    pub slots: Option<(usize, Duration)>,
    /// How long an attempt to connect may take, greeting included.
    pub connect_deadline: Duration,
    /// How long after the channel was lost a call still waits for the next one; later it fails at
    /// once.
    pub patience: Duration,
    /// The pause after the first failed attempt to connect. It doubles with each further one.
    pub backoff_min: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
    /// How long after a reconnect calls are still refused, in words.
    pub warm_up: Duration,
    /// How often a call is made again when its connection broke.
    pub retries: u32,
    /// After how many failed calls in a row the next ones fail at once, and for how long.
    pub breaker: Option<(u32, Duration)>,
    /// How long the processor takes to start a job before the backend is called.
    pub startup: Duration,
    /// How many jobs may be queued.
    pub max_queued: usize,
    /// How many jobs may be queued while the backend is away.
    pub max_queued_away: usize,
    /// How many jobs the processor gives to the backend at once.
    pub batch: usize,
    /// How many jobs are remembered. Of more, the oldest finished ones are forgotten.
    pub max_jobs: usize,
    /// How many lines about requests it logs in half a second at most.
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
