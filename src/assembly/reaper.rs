//! The process that heals when this one has died.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::AssemblyError;

/// A process that heals what this one leaves behind if it is killed. It notices by the end of its
/// standard input, which this process holds open for as long as it lives.
#[derive(Debug)]
pub struct Reaper {
    _child: Child,
}

impl Reaper {
    /// Starts the reaper of a journal, as a command of the `comeback` program.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(program: &Path, journal: &Path) -> Result<Self, AssemblyError> {
        let child = Command::new(program)
            .args(["heal", "--quiet", "--when-input-ends", "--journal"])
            .arg(journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // In a group of its own, so that Ctrl-C in the terminal does not reach it.
            .process_group(0)
            .spawn()
            .map_err(AssemblyError::io("cannot start the reaper"))?;
        Ok(Reaper { _child: child })
    }
}
