//! Faults, and the acts they consist of.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a backend, as the configuration gives it (`[backend.NAME]`).
pub type BackendName = String;

/// One fault: it hits one backend, lasts for its outage, and is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The backend.
    pub backend: BackendName,
    /// What is done to it.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How long the backend is kept away, in milliseconds: from the end of the act to the beginning
    /// of its undoing. A `rapid` has such an outage before each of its restarts.
    pub outage_ms: u64,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// Stopped (SIGTERM, and SIGKILL after the grace), later started.
    Stop {
        /// Milliseconds from SIGTERM to SIGKILL.
        grace_ms: u64,
    },
    /// Killed (SIGKILL), later started.
    Kill,
    /// Killed and started several times in a row.
    Rapid {
        /// How many restarts, 2 to 8.
        restarts: u32,
        /// Milliseconds from one start to the next kill.
        gap_ms: u64,
    },
    /// Frozen (SIGSTOP or the cgroup freezer), later thawed. Connections stay open, but nothing
    /// answers.
    Pause,
    /// Cut off from the network, later connected again.
    Cut,
}

/// One elementary act on a service. A fault is a short sequence of acts, the last of which undoes
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Send SIGTERM, and SIGKILL after the grace.
    Stop {
        /// Milliseconds from SIGTERM to SIGKILL.
        grace_ms: u64,
    },
    /// Send SIGKILL.
    Kill,
    /// Start what is not running.
    Start,
    /// Freeze.
    Pause,
    /// Thaw.
    Unpause,
    /// Cut off from the network.
    Cut,
    /// Connect to the network again.
    Join,
}

impl Act {
    /// The grace of a `Stop` as a duration; zero for every other act.
    pub fn grace(&self) -> Duration {
        match self {
            Act::Stop { grace_ms } => Duration::from_millis(*grace_ms),
            _ => Duration::ZERO,
        }
    }

    /// Whether it harms the service. The other acts undo harm.
    pub fn is_harm(&self) -> bool {
        !matches!(self, Act::Start | Act::Unpause | Act::Join)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Stop { .. } => "stop",
            Act::Kill => "kill",
            Act::Start => "start",
            Act::Pause => "pause",
            Act::Unpause => "unpause",
            Act::Cut => "cut off",
            Act::Join => "join",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            backend,
            kind,
            outage_ms,
        } = self;
        match kind {
            FaultKind::Stop { grace_ms } => write!(
                f,
                "stop {backend} (grace {grace_ms} ms), start it after {outage_ms} ms"
            ),
            FaultKind::Kill => write!(f, "kill {backend}, start it after {outage_ms} ms"),
            FaultKind::Rapid { restarts, gap_ms } => write!(
                f,
                "kill and start {backend} {restarts} times, {outage_ms} ms down and {gap_ms} ms up"
            ),
            FaultKind::Pause => write!(f, "freeze {backend} for {outage_ms} ms"),
            FaultKind::Cut => write!(f, "cut {backend} off for {outage_ms} ms"),
        }
    }
}
