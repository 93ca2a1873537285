//! Load: a burst of requests, and the steady load behind the whole plan.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KindName, count};

/// The request kinds of some load and their weights. A kind of weight 2 is drawn twice as often as
/// one of weight 1.
pub type Mix = BTreeMap<KindName, u32>;

/// A number of requests sent together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// How many requests.
    pub count: u32,
    /// How many of them may be in flight at once.
    pub concurrency: u32,
    /// When each of them is sent.
    pub pace: Pace,
    /// Which kinds, by weight.
    pub mix: Mix,
}

/// When the requests of a burst are sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// A closed loop: each of the burst's senders waits for its answer, thinks, and sends the next.
    Closed {
        /// Milliseconds between an outcome and the same sender's next request.
        think_ms: u64,
    },
    /// An open loop: requests are due at a fixed rate whatever the answers do. Latency counts from
    /// the moment a request was due.
    Open {
        /// Requests due per second.
        rate_per_s: f64,
    },
}

/// Steady open-loop load from the plan's beginning until the stack is healed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Background {
    /// Requests due per second.
    pub rate_per_s: f64,
    /// Which kinds, by weight.
    pub mix: Mix,
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "burst of {}, ", count(self.count, "request"))?;
        match self.pace {
            Pace::Closed { think_ms: 0 } => write!(f, "{} at a time", self.concurrency)?,
            Pace::Closed { think_ms } => {
                write!(f, "{} at a time, {think_ms} ms between", self.concurrency)?;
            }
            Pace::Open { rate_per_s } => {
                write!(
                    f,
                    "{rate_per_s:.1} per second, at most {} in flight",
                    self.concurrency
                )?;
            }
        }
        write!(f, " ({})", MixText(&self.mix))
    }
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} requests per second ({})",
            self.rate_per_s,
            MixText(&self.mix)
        )
    }
}

struct MixText<'a>(&'a Mix);

impl fmt::Display for MixText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match (self.0.len(), weight) {
                (1, _) => write!(f, "{kind}")?,
                _ => write!(f, "{comma}{kind} ×{weight}")?,
            }
        }
        Ok(())
    }
}
