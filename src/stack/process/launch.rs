//! The command line of a service.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::stack::{DriverError, program};

/// How a service is started, and how it is asked to end.
pub(super) struct Launch {
    pub name: String,
    pub command: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub dir: Option<PathBuf>,
    pub stop_signal: Signal,
}

impl Launch {
    pub fn command(&self, command: &[String]) -> Result<Command, DriverError> {
        let (program, arguments) = program::split(&self.name, command)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        Ok(command)
    }

    pub fn spawn_error(&self, act: &str, error: &io::Error) -> DriverError {
        let program = self.command.first().map_or("", String::as_str);
        program::spawn_error(&self.name, act, program, self.dir.as_deref(), error)
    }

    pub fn failed(&self, act: &str, message: impl ToString) -> DriverError {
        DriverError::failed(&self.name, act, message)
    }
}
