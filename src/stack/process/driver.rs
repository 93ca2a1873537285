//! Drives a local command.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use procfs::process::Process;
use rustix::process::Signal;
use tokio::time::timeout;

use super::group::Group;
use super::launch::Launch;
use super::members::{self, Member};
use super::observers::Observers;
use super::reach::KERNEL_PATIENCE;
use super::{last_words, mark};
use crate::model::Act;
use crate::stack::figures::Figures;
use crate::stack::tail::tail;
use crate::stack::{
    Driver, DriverError, Lease, Observation, Observations, ServiceState, Subject, Usage,
};

/// How long a command of [`Driver::exec`] may run.
const EXEC_PATIENCE: Duration = Duration::from_secs(30);

/// How much of a command's output is kept, in bytes.
const OUTPUT_TAIL: usize = 2_000;

/// Drives a local command. Dropping it kills what it has started; [`Driver::release`] also waits
/// for the end.
pub struct ProcessDriver {
    launch: Launch,
    /// What everything that this driver starts carries in its environment.
    pub(super) mark: String,
    observers: Observers,
    /// Held for the length of an act, so that acts don't mix.
    acting: tokio::sync::Mutex<()>,
    /// The group that was started last, dead or alive.
    group: Mutex<Option<Arc<Group>>>,
}

impl ProcessDriver {
    /// A service that is not running yet. `command` is a program and its arguments, `env` is added
    /// to our own environment, and `dir` is where the command runs (without it: where we do).
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
                stop_signal: Signal::TERM,
            },
            mark: mark::unique(),
            observers: Observers::default(),
            acting: tokio::sync::Mutex::new(()),
            group: Mutex::new(None),
        }
    }

    /// The same service, asked to end by this signal; without it, by SIGTERM.
    #[must_use]
    pub fn stopped_by(mut self, signal: Signal) -> Self {
        self.launch.stop_signal = signal;
        self
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<Group>>> {
        // The slot is only ever replaced as a whole, so a panic elsewhere cannot have left it
        // half-made.
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn running(&self) -> Option<Arc<Group>> {
        self.last().clone().filter(|group| group.ending().is_none())
    }

    fn start(&self) -> Result<(), DriverError> {
        if self.running().is_some() {
            return Ok(());
        }
        let command = self.launch.command(&self.launch.command)?;
        let observers = self.observers.clone();
        let group = Group::spawn(command, &self.launch.name, &self.mark, observers)
            .map_err(|error| self.launch.spawn_error("start", &error))?;
        *self.last() = Some(group);
        Ok(())
    }

    /// What lives of a group.
    async fn look(&self, act: &str, group: &Group) -> Result<Vec<Member>, DriverError> {
        let living = group.reach().look_aside().await;
        living.map_err(|error| self.launch.failed(act, error))
    }

    async fn kill(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        match timeout(KERNEL_PATIENCE * 2, group.kill()).await {
            Ok(done) => done.map_err(|error| self.launch.failed("kill", error)),
            Err(_) => {
                let left = format!("partial: {} are still there", group.reach().awake());
                Err(self.launch.failed("kill", left))
            }
        }
    }

    async fn stop(&self, grace: Duration) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        group
            .ask_to_end(self.launch.stop_signal)
            .await
            .map_err(|error| self.launch.failed("stop", error))?;
        // A frozen process sees the signal only once it is thawed; in this order it does nothing
        // else before.
        self.unpause().await?;
        match timeout(grace, group.ended()).await {
            Ok(ending) => match ending.left {
                Some(left) => Err(self.launch.failed("stop", left)),
                None => Ok(()),
            },
            Err(_) => self.kill().await,
        }
    }

    async fn pause(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Err(match self.ended_by_itself() {
                Some(words) => self
                    .launch
                    .failed("pause", format!("start failed: it {words}")),
                None => self.launch.failed("pause", "it is not running"),
            });
        };
        let reach = group.reach();
        if members::stand_still(&self.look("pause", &group).await?) {
            return Ok(());
        }
        match timeout(KERNEL_PATIENCE, reach.freeze()).await {
            Ok(Ok(())) => self.observers.tell(&Observation::Paused(true)),
            Ok(Err(error)) => return Err(self.launch.failed("pause", error)),
            Err(_) => {
                let awake = format!("partial: {} are still awake", reach.awake());
                return Err(self.launch.failed("pause", awake));
            }
        }
        Ok(())
    }

    async fn unpause(&self) -> Result<(), DriverError> {
        let Some(group) = self.running() else {
            return Ok(());
        };
        let reach = group.reach();
        if !members::any_frozen(&self.look("unpause", &group).await?) {
            return Ok(());
        }
        match timeout(KERNEL_PATIENCE, reach.thaw()).await {
            Ok(Ok(())) => self.observers.tell(&Observation::Paused(false)),
            Ok(Err(error)) => return Err(self.launch.failed("unpause", error)),
            Err(_) => return Err(self.launch.failed("unpause", "it stays frozen")),
        }
        Ok(())
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
            Act::Cut | Act::Join | Act::Disturb(_) | Act::Lift => Err(DriverError::Unsupported {
                service: self.launch.name.clone(),
                act: act.to_string(),
            }),
        }
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        let Some(group) = self.running() else {
            return Ok(ServiceState::Stopped);
        };
        let living = self.look("look at its state", &group).await?;
        Ok(match members::stand_still(&living) {
            // It may have ended while it was looked at.
            _ if group.ending().is_some() => ServiceState::Stopped,
            true => ServiceState::Paused,
            false => ServiceState::Running,
        })
    }

    fn supports(&self, act: Act) -> bool {
        match act {
            Act::Start | Act::Stop { .. } | Act::Kill | Act::Pause | Act::Unpause => true,
            Act::Cut | Act::Join | Act::Disturb(_) | Act::Lift => false,
        }
    }

    /// While it runs, its group; before, the mark of whatever will be started.
    fn lease(&self) -> Option<Lease> {
        let name = self.launch.name.clone();
        Some(match self.running() {
            Some(group) => Lease::ProcessGroup {
                pgid: group.id(),
                start_ticks: group.start_ticks(),
                name,
            },
            None => Lease::Marked {
                mark: self.mark.clone(),
                name,
            },
        })
    }

    fn ended_by_itself(&self) -> Option<String> {
        let ending = self.last().as_ref()?.ending()?;
        ending
            .is_by_itself
            .then(|| last_words::tell(&ending, &self.observers.last_lines()))
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

    fn observe(&self) -> Observations {
        self.observers.subscribe()
    }

    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError> {
        let mut command: tokio::process::Command = self.launch.command(command)?.into();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let course = async {
            let mut child = command.spawn()?;
            let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
            let (stdout, stderr) = stdout.zip(stderr).ok_or(ErrorKind::BrokenPipe)?;
            let (stdout, stderr) =
                tokio::try_join!(tail(stdout, OUTPUT_TAIL), tail(stderr, OUTPUT_TAIL))?;
            Ok((child.wait().await?.success(), [stdout, stderr].concat()))
        };
        let ended = timeout(EXEC_PATIENCE, course).await;
        let (succeeded, text) = ended
            .map_err(|_| self.launch.failed("run a command", "it does not end"))?
            .map_err(|error: io::Error| self.launch.spawn_error("run a command", &error))?;
        let tail = &text[text.len().saturating_sub(OUTPUT_TAIL)..];
        Ok((succeeded, String::from_utf8_lossy(tail).into_owned()))
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        let Some(group) = self.running() else {
            return Ok(None);
        };
        let figures = group.reach().aside(|reach| {
            let living = reach.look();
            let pids = living.iter().map(|member| member.pid);
            Figures::of(pids.filter_map(|pid| Process::new(pid).ok()))
        });
        let figures = figures.await;
        let figures = figures.map_err(|error| self.launch.failed("look at its figures", error))?;
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

    async fn leader(&self) -> Option<u32> {
        u32::try_from(self.running()?.id()).ok()
    }

    async fn release(&self) -> Result<(), DriverError> {
        self.act(Act::Kill).await
    }
}

impl Drop for ProcessDriver {
    fn drop(&mut self) {
        if let Some(group) = self.running() {
            group.reach().kill_now();
        }
    }
}
