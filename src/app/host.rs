//! What the API gets from its environment: a process or the simulator.

use std::borrow::Cow;

use super::{Log, Meter};

/// The API's log, resource meter and random seed. Clones share all of them.
#[derive(Debug, Clone)]
pub struct Host {
    /// Takes the API's log lines.
    pub log: Log,
    /// Counts the resources that the API uses.
    pub meter: Meter,
    /// The seed of jitter and of random failures. The same seed gives the same choices.
    pub seed: u64,
}

/// The API has crashed. Its process ends, and its connections break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the API has crashed: {0}")]
pub struct Crash(pub(super) Cow<'static, str>);
