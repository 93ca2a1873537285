//! What the API is given by whatever runs it: a process, or the simulator.

use std::borrow::Cow;

use super::{Log, Meter};

/// Where the API's log goes, where its figures are counted, and what its chances are drawn from.
/// Clones share all of it.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where its log lines go.
    pub log: Log,
    /// Where what it holds and does is counted.
    pub meter: Meter,
    /// What jitter and whatever fails only sometimes are drawn from: the same seed, the same draws.
    pub seed: u64,
}

/// The API has come to an end that it did not want. A process ends with it; none of its connections
/// outlives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the API has crashed: {0}")]
pub struct Crash(pub(super) Cow<'static, str>);
