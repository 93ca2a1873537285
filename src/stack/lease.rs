//! How somebody else can undo what was done to a service.

use serde::{Deserialize, Serialize};

use super::command;

/// What is needed to undo, from outside and at any later time, whatever a run did to a service.
/// It is local knowledge: it goes to the journal and never to a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lease {
    /// A container that was found running, and must run again, thawed and joined.
    Container {
        /// The engine's address, as `DOCKER_HOST` would give it.
        engine: String,
        /// The container's id.
        id: String,
        /// The container's name, for people.
        name: String,
        /// The networks it was joined to, with the addresses and aliases to join it by again.
        networks: Vec<serde_json::Value>,
    },
    /// A group of processes that the run itself started: it must end.
    ProcessGroup {
        /// The group's id, which is its leader's process id.
        pgid: i32,
        /// When the leader started, in clock ticks since boot: tells it from a later process of the
        /// same id.
        start_ticks: u64,
        /// The service's name, for people.
        name: String,
    },
    /// Whatever the run starts carries this mark in its environment: it must end. It is written
    /// down before anything is started.
    Marked {
        /// The mark, which nothing else carries.
        mark: String,
        /// The service's name, for people.
        name: String,
    },
    /// A service that commands drive: it must run again.
    Commands(command::Driven),
}
