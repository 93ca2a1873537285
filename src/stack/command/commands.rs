//! The commands that drive a service.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stack::mark::Mark;

/// The commands of one service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Commands {
    /// The service's name, for people.
    pub name: String,
    /// Starts it, and returns while it runs on.
    pub start: Vec<String>,
    /// Asks it to end.
    pub stop: Option<Vec<String>>,
    /// Kills it.
    pub kill: Option<Vec<String>>,
    /// Says by its exit code whether it runs: 0 if it does. From 126 on it is an error: such codes
    /// come from a shell or ssh, and tell nothing of the service.
    pub status: Vec<String>,
    /// Where they are run.
    pub dir: PathBuf,
    /// How long each of them may take, and the service to follow.
    pub limit: Duration,
}

/// The commands of one service, and the mark of those that act on it: what is needed to drive it in
/// place of a run that died.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Driven {
    /// The commands.
    #[serde(flatten)]
    pub commands: Commands,
    /// The start of the value that each acting command has in its environment; none in journals of
    /// versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}
