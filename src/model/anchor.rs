//! When a step starts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepId;

/// When a step starts: at an offset from something, or at an observed event.
///
/// A fault that is anchored to an event hits a narrow window (a job just accepted, the third
/// request in flight) far more often than one at a random time. If an anchor's event never comes,
/// or the plan no longer has the step that it names, its own step is *skipped*. So every list of
/// steps is a valid plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// At a time of the plan.
    At {
        /// Milliseconds since the plan began.
        offset_ms: u64,
    },
    /// After another step started or ended.
    After {
        /// The other step.
        step: StepId,
        /// Whether its start or its end counts.
        edge: Edge,
        /// Milliseconds after that.
        offset_ms: u64,
    },
    /// As soon as the `nth` request of a burst has been sent and is not yet answered.
    InFlight {
        /// The burst.
        burst: StepId,
        /// Which of its requests, counted from 1.
        nth: u32,
        /// Milliseconds after that.
        offset_ms: u64,
    },
    /// As soon as the `nth` job of a burst has been accepted.
    Accepted {
        /// The burst.
        burst: StepId,
        /// Which of its jobs, counted from 1 in the order of acceptance.
        nth: u32,
        /// Milliseconds after that.
        offset_ms: u64,
    },
    /// As soon as a poll has shown the `nth` job of a burst in a state.
    State {
        /// The burst.
        burst: StepId,
        /// Which of the jobs seen in that state, counted from 1.
        nth: u32,
        /// The state, as the API spells it.
        state: String,
        /// Milliseconds after that, even if the job has left the state by then.
        offset_ms: u64,
    },
    /// When a fault's backend is confirmed ready again after that fault.
    Ready {
        /// The fault.
        fault: StepId,
        /// Milliseconds after that.
        offset_ms: u64,
    },
    /// At the first line of the API's log since the plan began that matches a pattern.
    Log {
        /// A regular expression in the `regex` crate's syntax.
        pattern: String,
        /// Milliseconds after that.
        offset_ms: u64,
    },
}

/// One of the two ends of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// The moment it started.
    Start,
    /// The moment it ended.
    End,
}

impl Anchor {
    /// The offset, in milliseconds. Every anchor has one.
    pub fn offset_ms(&self) -> u64 {
        match self {
            Anchor::At { offset_ms }
            | Anchor::After { offset_ms, .. }
            | Anchor::InFlight { offset_ms, .. }
            | Anchor::Accepted { offset_ms, .. }
            | Anchor::State { offset_ms, .. }
            | Anchor::Ready { offset_ms, .. }
            | Anchor::Log { offset_ms, .. } => *offset_ms,
        }
    }

    /// The same anchor with another offset, in milliseconds.
    #[must_use]
    pub fn with_offset(&self, ms: u64) -> Self {
        let mut moved = self.clone();
        match &mut moved {
            Anchor::At { offset_ms }
            | Anchor::After { offset_ms, .. }
            | Anchor::InFlight { offset_ms, .. }
            | Anchor::Accepted { offset_ms, .. }
            | Anchor::State { offset_ms, .. }
            | Anchor::Ready { offset_ms, .. }
            | Anchor::Log { offset_ms, .. } => *offset_ms = ms,
        }
        moved
    }

    /// Which request or job of a burst this anchor waits for, if it waits for one.
    pub fn nth(&self) -> Option<u32> {
        match self {
            Anchor::InFlight { nth, .. }
            | Anchor::Accepted { nth, .. }
            | Anchor::State { nth, .. } => Some(*nth),
            _ => None,
        }
    }

    /// Mutable access to [`Anchor::nth`].
    pub fn nth_mut(&mut self) -> Option<&mut u32> {
        match self {
            Anchor::InFlight { nth, .. }
            | Anchor::Accepted { nth, .. }
            | Anchor::State { nth, .. } => Some(nth),
            _ => None,
        }
    }

    /// The step that this anchor waits for, if it waits for one.
    pub fn awaits(&self) -> Option<&StepId> {
        match self {
            Anchor::At { .. } | Anchor::Log { .. } => None,
            Anchor::After { step, .. } => Some(step),
            Anchor::InFlight { burst, .. }
            | Anchor::Accepted { burst, .. }
            | Anchor::State { burst, .. } => Some(burst),
            Anchor::Ready { fault, .. } => Some(fault),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Anchor::At { offset_ms } = self {
            return write!(f, "at {offset_ms} ms");
        }
        match self.offset_ms() {
            0 => write!(f, "when ")?,
            ms => write!(f, "{ms} ms after ")?,
        }
        match self {
            Anchor::At { .. } => Ok(()),
            Anchor::After { step, edge, .. } => match edge {
                Edge::Start => write!(f, "{step} starts"),
                Edge::End => write!(f, "{step} ends"),
            },
            Anchor::InFlight { burst, nth, .. } => {
                write!(f, "request {nth} of {burst} is in flight")
            }
            Anchor::Accepted { burst, nth, .. } => write!(f, "job {nth} of {burst} is accepted"),
            Anchor::State {
                burst, nth, state, ..
            } => write!(f, "job {nth} of {burst} is {state}"),
            Anchor::Ready { fault, .. } => write!(f, "the backend is ready after {fault}"),
            Anchor::Log { pattern, .. } => write!(f, "the API logs /{pattern}/"),
        }
    }
}
