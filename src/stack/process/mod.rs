//! The `process` driver: a local command in a process group of its own.
//!
//! A service lives as long as its first process, as a container does: when that one ends, whatever else is in its group
//! is killed. Signals go to the whole group, so that a server behind a shell is frozen with it. Linux only.

mod group;
mod members;
mod observers;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::group::Group;
use super::figures::Figures;
use super::{Driver, DriverError, Lease, Observation, ServiceState, Subject, Usage};
use crate::model::Act;

pub use self::members::start_ticks;
pub(super) use self::observers::Observers;
pub use self::undo::{Undone, undo};

/// How long the kernel may take to do what a signal asks. It is slower only when it is in trouble.
const KERNEL_PATIENCE: Duration = Duration::from_secs(10);

/// How long a command of [`Driver::exec`] may run.
const EXEC_PATIENCE: Duration = Duration::from_secs(30);

/// How much of a command's output is kept, in bytes.
const OUTPUT_TAIL: usize = 2_000;

/// Drives a local command. Dropping it kills what it has started; [`Driver::release`] also waits for the end.
pub struct ProcessDriver {
    launch: Launch,
    observers: Observers,
    /// Held for the length of an act, so that acts don't mix.
    acting: tokio::sync::Mutex<()>,
    /// The group that was started last, dead or alive.
    group: Mutex<Option<Arc<Group>>>,
}

/// How a service is started.
struct Launch {
    name: String,
    command: Vec<String>,
    env: BTreeMap<String, String>,
    dir: Option<PathBuf>,
}

impl ProcessDriver {
    /// A service that is not running yet. `command` is a program and its arguments, `env` is added to our own
    /// environment, and `dir` is where the command runs (without it: where we do).
    pub fn new(
        name: impl Into<String>,
        command: Vec<String>,
        env: BTreeMap<String, String>,
        dir: Option<PathBuf>,
    ) -> Self {
        ProcessDriver {
            launch: Launch {
                name: name.into(),
                command,
                env,
                dir,
            },
            observers: Observers::default(),
            acting: tokio::sync::Mutex::new(()),
            group: Mutex::new(None),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<Group>>> {
        // The slot is only ever replaced as a whole, so a panic elsewhere cannot have left it half-made.
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Option<Arc<Group>> {
        self.last().clone().filter(|group| !group.has_ended())
    }

    fn start(&self) -> Result<(), DriverError> {
        if self.running().is_some() {
            return Ok(());
        }
        let command = self.launch.command(&self.launch.command)?;
        let group = Group::spawn(command, &self.launch.name, self.observers.clone())
            .map_err(|error| self.launch.spawn_error("start", &error))?;
        *self.last() = Some(group);
        Ok(())
    }

    async fn kill(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        group
            .signal(Signal::KILL)
            .map_err(|error| self.launch.failed("kill", error))?;
        timeout(KERNEL_PATIENCE, group.ended())
            .await
            .map_err(|_| self.launch.failed("kill", "it is still there"))
    }

    async fn stop(&self, grace: Duration) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        group
            .signal(Signal::TERM)
            .map_err(|error| self.launch.failed("stop", error))?;
        // A frozen process sees SIGTERM only once it is thawed; in this order it does nothing else before.
        self.unpause().await?;
        match timeout(grace, group.ended()).await {
            Ok(()) => Ok(()),
            Err(_) => self.kill().await,
        }
    }

    async fn pause(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Err(self.launch.failed("pause", "it is not running"));
        };
        if self.is_frozen(&group)? {
            return Ok(());
        }
        match timeout(KERNEL_PATIENCE, group.freeze()).await {
            Ok(Ok(())) => self.observers.tell(&Observation::Paused(true)),
            Ok(Err(error)) => return Err(self.launch.failed("pause", error)),
            Err(_) => return Err(self.launch.failed("pause", "it runs on")),
        }
        Ok(())
    }

    async fn unpause(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        if !group
            .is_partly_frozen()
            .map_err(|error| self.launch.failed("unpause", error))?
        {
            return Ok(());
        }
        match timeout(KERNEL_PATIENCE, group.thaw()).await {
            // A group that ends as soon as it is thawed (it had been asked to before) has been thawed.
            Ok(_) => self.observers.tell(&Observation::Paused(false)),
            Err(_) => return Err(self.launch.failed("unpause", "it stays frozen")),
        }
        Ok(())
    }

    fn is_frozen(&self, group: &Group) -> Result<bool, DriverError> {
        group
            .is_frozen()
            .map_err(|error| self.launch.failed("look at", error))
    }
}

#[async_trait]
impl Driver for ProcessDriver {
    async fn act(&self, act: Act) -> Result<(), DriverError> {
        let _alone = self.acting.lock().await;
        match act {
            Act::Start => self.start(),
            Act::Kill => self.kill().await,
            Act::Stop { .. } => self.stop(act.grace()).await,
            Act::Pause => self.pause().await,
            Act::Unpause => self.unpause().await,
            Act::Cut | Act::Join => Err(DriverError::Unsupported {
                service: self.launch.name.clone(),
                act: act.to_string(),
            }),
        }
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        Ok(match self.running() {
            None => ServiceState::Stopped,
            Some(group) if self.is_frozen(&group)? => ServiceState::Paused,
            Some(_) => ServiceState::Running,
        })
    }

    fn supports(&self, act: Act) -> bool {
        !matches!(act, Act::Cut | Act::Join)
    }

    /// The group that runs, or ran last. Before the first start there is nothing to undo, which is said by the group 0.
    fn lease(&self) -> Option<Lease> {
        let group = self.running()?;
        Some(Lease::ProcessGroup {
            pgid: group.id(),
            start_ticks: group.start_ticks(),
            name: self.launch.name.clone(),
        })
    }

    fn identity(&self) -> Option<String> {
        let Launch {
            command, env, dir, ..
        } = &self.launch;
        Some(format!("process {command:?} with {env:?} in {dir:?}"))
    }

    fn outlives_us(&self) -> bool {
        false
    }

    fn observe(&self) -> mpsc::UnboundedReceiver<Observation> {
        self.observers.subscribe()
    }

    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError> {
        let mut command: tokio::process::Command = self.launch.command(command)?.into();
        let run = command.kill_on_drop(true).output();
        let output = timeout(EXEC_PATIENCE, run)
            .await
            .map_err(|_| self.launch.failed("run a command", "it does not end"))?
            .map_err(|error| self.launch.spawn_error("run a command", &error))?;
        let text = [output.stdout, output.stderr].concat();
        let tail = &text[text.len().saturating_sub(OUTPUT_TAIL)..];
        Ok((
            output.status.success(),
            String::from_utf8_lossy(tail).into_owned(),
        ))
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        let Some(group) = self.running() else {
            return Ok(None);
        };
        let figures = Figures::of(|_, stat| stat.pgrp == group.id());
        Ok(figures.map(|figures| Usage {
            identity: group.id().to_string(),
            cpu: figures.cpu,
            memory_bytes: figures.memory_bytes,
            fds: figures.fds,
            threads: Some(figures.threads),
        }))
    }

    fn subject(&self) -> Subject {
        Subject::Process {
            command: self.launch.command.clone(),
            dir: self.launch.dir.clone(),
        }
    }

    async fn release(&self) -> Result<(), DriverError> {
        self.act(Act::Kill).await
    }
}

impl Drop for ProcessDriver {
    fn drop(&mut self) {
        if let Some(group) = self.running() {
            // Nobody is left to be told when this fails, and `comeback heal` still has the lease.
            let _ = group.signal(Signal::KILL);
        }
    }
}

impl Launch {
    fn command(&self, command: &[String]) -> Result<std::process::Command, DriverError> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(self.missing("the command is empty: give a program and its arguments"));
        };
        let mut command = std::process::Command::new(program);
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

    fn spawn_error(&self, act: &str, error: &io::Error) -> DriverError {
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

    fn missing(&self, message: impl Into<String>) -> DriverError {
        DriverError::Missing {
            service: self.name.clone(),
            message: message.into(),
        }
    }

    fn failed(&self, act: &str, message: impl ToString) -> DriverError {
        DriverError::Act {
            service: self.name.clone(),
            act: act.to_owned(),
            message: message.to_string(),
        }
    }
}
