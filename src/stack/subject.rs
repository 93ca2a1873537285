//! What a driver acts on, for people who want to know it before anything happens.

use std::path::PathBuf;

use serde::Serialize;

/// What a driver acts on. Nothing else is ever touched by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum Subject {
    /// One container.
    Docker {
        /// The engine's address, as `DOCKER_HOST` would give it.
        engine: String,
        /// The container's id, in full.
        id: String,
        /// The container's name.
        name: String,
    },
    /// The processes that a command starts, which comeback runs itself.
    Process {
        /// The program and its arguments.
        command: Vec<String>,
        /// Where it runs; none is comeback's own directory.
        dir: Option<PathBuf>,
    },
    /// Whatever these commands of the user's reach.
    Command {
        /// Starts it.
        start: Vec<String>,
        /// Asks it to end.
        stop: Option<Vec<String>>,
        /// Kills it.
        kill: Option<Vec<String>>,
        /// Tells whether it runs.
        status: Vec<String>,
        /// Where they run.
        dir: PathBuf,
    },
    /// A part of a simulation, which lives in this process.
    Simulated,
}

impl Subject {
    /// The driver's name, as the configuration spells it.
    pub fn driver(&self) -> &'static str {
        match self {
            Subject::Docker { .. } => "docker",
            Subject::Process { .. } => "process",
            Subject::Command { .. } => "command",
            Subject::Simulated => "sim",
        }
    }
}
