//! One command, run to its end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Commands;
use super::running::{self, VARIABLE};
use crate::model::{Act, duration};
use crate::stack::mark::Mark;
use crate::stack::{DriverError, program};

/// How much of a command's output is kept, in bytes.
const OUTPUT_TAIL: u64 = 2_000;

/// How often older output is freed: a command may write endlessly.
const FREE_EVERY: Duration = Duration::from_millis(20);

/// The lowest exit code that a shell or ssh uses for its own errors.
const FIRST_FOREIGN_CODE: i32 = 126;

/// How a command ended.
pub(super) struct Ended {
    /// The exit code; 128 + n for signal n.
    pub code: i32,
    /// The end of its output.
    pub tail: String,
}

impl Commands {
    /// Whether the service is running.
    pub(super) async fn is_running(&self) -> Result<bool, DriverError> {
        let Ended { code, tail } = self
            .end_of("ask for the status", &self.status, None)
            .await?;
        match code {
            0 => Ok(true),
            FIRST_FOREIGN_CODE.. => {
                let message = format!(
                    "the command failed with code {code}, which is not an answer{}",
                    last_line(&tail)
                );
                Err(self.failed("ask for the status", message))
            }
            _ => Ok(false),
        }
    }

    /// Runs a command that acts on the service. It must succeed.
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
                let message = format!("the command failed with code {code}{}", last_line(&tail));
                Err(self.failed(act, message))
            }
        }
    }

    /// Runs a command to its end. A daemon that it leaves behind may keep writing to its output.
    pub(super) async fn end_of(
        &self,
        act: &str,
        command: &[String],
        mark: Option<&Mark>,
    ) -> Result<Ended, DriverError> {
        let failed = |error: io::Error| self.failed(act, error);
        let (program, arguments) = program::split(&self.name, command)?;
        // Not a pipe: a daemon that writes to it would die with us, and as long as the daemon holds
        // it open, we would not see its end.
        let output = memfd_create("output", MemfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?;
        let mut output = File::from(output);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output.try_clone().map_err(failed)?)
            // Ctrl-C is meant for us: it must not interrupt a command that heals.
            .process_group(0);
        if let Some(mark) = mark {
            command.env(VARIABLE, running::value(mark, act));
        }
        let mut child = command.spawn().map_err(|error| {
            program::spawn_error(&self.name, act, program, Some(&self.dir), &error)
        })?;
        let group = child.id().and_then(|pid| Pid::from_raw(pid as i32));
        let Hung(group) = &mut Hung(group);
        let Ok(ended) = timeout(self.limit, end(&mut child, &output)).await else {
            let limit = duration(self.limit);
            let message =
                format!("the command did not end within {limit}; fix it, or increase `timeout`");
            return Err(self.failed(act, message));
        };
        *group = None;
        Ok(Ended {
            code: program::exit_code(ended.map_err(failed)?).unwrap_or(-1),
            tail: tail(&mut output).map_err(failed)?,
        })
    }

    pub(super) fn failed(&self, act: &str, message: impl ToString) -> DriverError {
        DriverError::failed(&self.name, act, message)
    }

    pub(super) fn unsupported(&self, act: Act) -> DriverError {
        DriverError::unsupported(&self.name, act)
    }
}

/// The process group of a command that has not ended. Killed on drop.
struct Hung(Option<Pid>);

impl Drop for Hung {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have just ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Waits for a command's end. Frees older output, so that the output takes little memory.
async fn end(child: &mut Child, output: &File) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            () = sleep(FREE_EVERY) => {
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

/// The last line of a command's output, as the end of a sentence.
fn last_line(tail: &str) -> String {
    let line = tail.lines().last();
    line.map_or_else(String::new, |line| format!(": {line}"))
}
