//! The phases of a trial.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phase of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The stack is brought up, and its backends become ready.
    Setup,
    /// A fault-free burst shows that the stack is healthy to begin with.
    Baseline,
    /// The plan is executed.
    Plan,
    /// Every fault is undone.
    Heal,
    /// The backends become ready, then the API is probed until success is sustained.
    Recovery,
    /// Requests in flight may finish.
    Drain,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
