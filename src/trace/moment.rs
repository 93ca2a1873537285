//! A moment of the history.

/// A moment of the history: an event's place and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The event's place in the order of observation.
    pub seq: u64,
    /// The event's time, in microseconds since the trial began.
    pub at_us: u64,
}
