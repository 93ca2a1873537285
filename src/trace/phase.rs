//! What a trial is doing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a trial is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The stack is brought up and its backends are awaited.
    Setup,
    /// A fault-free burst shows that the stack is healthy to begin with.
    Baseline,
    /// The plan is executed.
    Plan,
    /// Every fault is undone.
    Heal,
    /// The backends are awaited, then the API is probed until success is sustained.
    Recovery,
    /// Requests still in flight are let end.
    Drain,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Setup => "setup",
            Phase::Baseline => "baseline",
            Phase::Plan => "plan",
            Phase::Heal => "heal",
            Phase::Recovery => "recovery",
            Phase::Drain => "drain",
        })
    }
}
