//! What a driver acts on. Shown to the user before anything happens.

use std::path::PathBuf;

use serde::Serialize;

/// What a driver acts on. It never touches anything else.
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
    /// The processes of a command that comeback runs itself.
    Process {
        /// The program and its arguments.
        command: Vec<String>,
        /// The working directory; `None` means comeback's own.
        dir: Option<PathBuf>,
    },
    /// A service that the user's own commands drive.
    Command {
        /// Starts the service.
        start: Vec<String>,
        /// Asks it to end.
        stop: Option<Vec<String>>,
        /// Kills it.
        kill: Option<Vec<String>>,
        /// Succeeds if the service is running.
        status: Vec<String>,
        /// The working directory of the commands.
        dir: PathBuf,
    },
    /// A link that comeback starts.
    StartedLink {
        /// Where it listens, and where each of these leads to.
        paths: Vec<(String, String)>,
    },
    /// A link that runs already.
    RunningLink {
        /// Where it is controlled.
        control: String,
    },
    /// A part of a simulation in this process.
    Simulated,
}

impl Subject {
    /// The driver's name, as the configuration spells it.
    pub fn driver(&self) -> &'static str {
        match self {
            Subject::Docker { .. } => "docker",
            Subject::Process { .. } => "process",
            Subject::Command { .. } => "command",
            Subject::StartedLink { .. } | Subject::RunningLink { .. } => "link",
            Subject::Simulated => "sim",
        }
    }
}
