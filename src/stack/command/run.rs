//! One command, run to its end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Commands;
use super::running::{self, VARIABLE};
use crate::model::{Act, duration};
use crate::stack::DriverError;
use crate::stack::mark::Mark;

/// How much of a command's output is kept, in bytes.
const OUTPUT_TAIL: u64 = 2_000;

/// How often what is in front of that is let go of: a command may write without end.
const LET_GO_EVERY: Duration = Duration::from_millis(20);

/// The least exit code that a shell or ssh uses for errors of its own.
const FIRST_FOREIGN_CODE: i32 = 126;

/// How a command ended.
pub(super) struct Ended {
    /// Its exit code; 128 + n for signal n.
    pub code: i32,
    /// The end of what it has written.
    pub tail: String,
}

impl Commands {
    /// Whether the service runs.
    pub(super) async fn is_running(&self) -> Result<bool, DriverError> {
        let Ended { code, tail } = self
            .end_of("ask for the status", &self.status, None)
            .await?;
        match code {
            0 => Ok(true),
            FIRST_FOREIGN_CODE.. => {
                let message = format!(
                    "the command ended with code {code}, which says nothing of the service{}",
                    said(&tail)
                );
                Err(self.failed("ask for the status", message))
            }
            _ => Ok(false),
        }
    }

    /// Runs a command that acts on the service, which must succeed.
    pub(super) async fn run(
        &self,
        act: &str,
        command: &[String],
        mark: &Mark,
    ) -> Result<(), DriverError> {
        let Ended { code, tail } = self.end_of(act, command, Some(mark)).await?;
        match code {
            0 => Ok(()),
            _ => {
                let message = format!("the command ended with code {code}{}", said(&tail));
                Err(self.failed(act, message))
            }
        }
    }

    /// Runs a command to its end. What it leaves running may go on writing to what was its output.
    pub(super) async fn end_of(
        &self,
        act: &str,
        command: &[String],
        mark: Option<&Mark>,
    ) -> Result<Ended, DriverError> {
        let failed = |error: io::Error| self.failed(act, error);
        let Some((program, arguments)) = command.split_first() else {
            return Err(self.missing("the command is empty: give a program and its arguments"));
        };
        // A pipe would end with us and take a daemon that writes to it along; and as long as the
        // daemon holds it, no end would be seen.
        let output = memfd_create("output", MemfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?;
        let mut output = File::from(output);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output.try_clone().map_err(failed)?)
            // Ctrl-C is for us: what heals must not be interrupted by it.
            .process_group(0);
        if let Some(mark) = mark {
            command.env(VARIABLE, running::value(mark, act));
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if self.dir.is_dir() => self.missing(format!(
                "there is no program `{program}`: install it, or give its full path"
            )),
            io::ErrorKind::NotFound => self.missing(format!(
                "there is no directory {}: make it, or name another",
                self.dir.display()
            )),
            io::ErrorKind::PermissionDenied => self.missing(format!(
                "`{program}` may not be executed: check its permissions"
            )),
            _ => failed(error),
        })?;
        let group = child.id().and_then(|pid| Pid::from_raw(pid as i32));
        let Hung(group) = &mut Hung(group);
        let Ok(ended) = timeout(self.limit, end(&mut child, &output)).await else {
            let limit = duration(self.limit);
            let message = format!(
                "the command did not end within {limit}; mend it, or allow more by `timeout`"
            );
            return Err(self.failed(act, message));
        };
        *group = None;
        let status = ended.map_err(failed)?;
        let signal = status.signal().map(|signal| 128 + signal);
        Ok(Ended {
            code: status.code().or(signal).unwrap_or(-1),
            tail: tail(&mut output).map_err(failed)?,
        })
    }

    pub(super) fn missing(&self, message: impl Into<String>) -> DriverError {
        DriverError::Missing {
            service: self.name.clone(),
            message: message.into(),
        }
    }

    pub(super) fn failed(&self, act: &str, message: impl ToString) -> DriverError {
        DriverError::Act {
            service: self.name.clone(),
            act: act.to_owned(),
            message: message.to_string(),
        }
    }

    pub(super) fn unsupported(&self, act: Act) -> DriverError {
        DriverError::Unsupported {
            service: self.name.clone(),
            act: act.to_string(),
        }
    }
}

/// The group of a command that has not ended: it is killed when nobody waits for it any more.
struct Hung(Option<Pid>);

impl Drop for Hung {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended at this very moment, which is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Waits for a command's end. Its output takes little memory meanwhile, however much it is.
async fn end(child: &mut Child, output: &File) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            () = sleep(LET_GO_EVERY) => {
                let surplus = output.metadata()?.len().saturating_sub(OUTPUT_TAIL);
                if surplus > 0 {
                    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                    fallocate(output, hole, 0, surplus)?;
                }
            }
        }
    }
}

fn tail(output: &mut File) -> io::Result<String> {
    let length = output.seek(SeekFrom::End(0))?;
    output.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_TAIL)))?;
    let mut tail = Vec::new();
    output.take(OUTPUT_TAIL).read_to_end(&mut tail)?;
    Ok(String::from_utf8_lossy(&tail).trim().to_owned())
}

/// What a command has said, as the end of a sentence.
fn said(tail: &str) -> String {
    match tail.lines().last() {
        Some(line) => format!(", saying: {line}"),
        None => String::new(),
    }
}
