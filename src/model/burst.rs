//! Load: a burst of requests, and the steady background load of a whole plan.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KindName, count};

/// The request kinds of a load and their weights. A kind of weight 2 is drawn twice as often as one
/// of weight 1.
pub type Mix = BTreeMap<KindName, u32>;

/// A group of requests, sent by one step.
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
    /// A closed loop: each sender waits for its answer, pauses, and sends the next request.
    Closed {
        /// Milliseconds between an outcome and the same sender's next request.
        think_ms: u64,
    },
    /// An open loop: requests are due at a fixed rate, however slow the answers are. Latency counts
    /// from the moment a request was due.
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
                let most = self.concurrency;
                write!(f, "{rate_per_s:.1} per second, at most {most} in flight")?;
            }
        }
        write!(f, " ({})", mix_text(&self.mix))
    }
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate_per_s, mix) = (self.rate_per_s, mix_text(&self.mix));
        write!(f, "{rate_per_s:.1} requests per second ({mix})")
    }
}

/// The kinds with their weights; a single kind needs no weight.
fn mix_text(mix: &Mix) -> String {
    if let (1, Some(kind)) = (mix.len(), mix.keys().next()) {
        return kind.clone();
    }
    let kinds = mix.iter().map(|(kind, weight)| format!("{kind} ×{weight}"));
    kinds.collect::<Vec<_>>().join(", ")
}
