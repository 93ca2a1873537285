//! How a service is started.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::stack::DriverError;

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
        let Some((program, arguments)) = command.split_first() else {
            return Err(self.missing("the command is empty: give a program and its arguments"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(dir) = &self.dir {
            if !dir.is_dir() {
                let message = format!(
                    "there is no directory {}: make it, or name another",
                    dir.display()
                );
                return Err(self.missing(message));
            }
            command.current_dir(dir);
        }
        Ok(command)
    }

    pub fn spawn_error(&self, act: &str, error: &io::Error) -> DriverError {
        let program = self.command.first().map_or("", String::as_str);
        match error.kind() {
            io::ErrorKind::NotFound => self.missing(format!(
                "there is no program `{program}`: install it, or give its full path"
            )),
            io::ErrorKind::PermissionDenied => self.missing(format!(
                "`{program}` may not be executed: check its permissions"
            )),
            _ => self.failed(act, error),
        }
    }

    pub fn missing(&self, message: impl Into<String>) -> DriverError {
        DriverError::Missing {
            service: self.name.clone(),
            message: message.into(),
        }
    }

    pub fn failed(&self, act: &str, message: impl ToString) -> DriverError {
        DriverError::Act {
            service: self.name.clone(),
            act: act.to_owned(),
            message: message.to_string(),
        }
    }
}
