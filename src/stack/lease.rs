//! How another process can undo what was done to a service.

use serde::{Deserialize, Serialize};

use super::command;

/// Everything that another process needs to undo, at any later time, what a run did to a service.
/// Leases are local to this machine: they are written to the journal and never to a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lease {
    /// A container that was running. It must run again, thawed and on its networks.
    Container {
        /// The engine's address, as `DOCKER_HOST` would give it.
        engine: String,
        /// The container's id.
        id: String,
        /// The container's name, for people.
        name: String,
        /// The networks it was on, with the addresses and aliases to restore.
        networks: Vec<serde_json::Value>,
    },
    /// A process group that the run itself started. It must end.
    ProcessGroup {
        /// The group's id, which is its leader's process id.
        pgid: i32,
        /// When the leader started, in clock ticks since boot. Distinguishes it from a later
        /// process with the same id.
        start_ticks: u64,
        /// The service's name, for people.
        name: String,
    },
    /// Processes with this mark in their environment, which the run started. They must end. Written
    /// before the first of them is started.
    Marked {
        /// The mark, which no other process has.
        mark: String,
        /// The service's name, for people.
        name: String,
    },
    /// A service that is driven by commands. It must run again.
    Commands(command::Driven),
}
