//! Drives a service by commands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::commands::{Commands, Driven};
use crate::model::{Act, duration};
use crate::stack::mark::Mark;
use crate::stack::process::Observers;
use crate::stack::{
    Driver, DriverError, Lease, Observation, Observations, ServiceState, Subject, Usage,
};

/// How often to check a service that is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often to check whether a service still runs.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Drives a service by commands. What it leaves behind, when it is dropped, is the service as it
/// is.
pub struct CommandDriver {
    inner: Arc<Inner>,
    /// Looks whether the service still runs, once somebody observes it.
    watch: Mutex<JoinSet<()>>,
}

struct Inner {
    commands: Commands,
    mark: Mark,
    observers: Observers,
    /// Held for the length of an act, so that acts and looks don't mix. It is whether the service
    /// was last seen running, and how often it has been seen to start.
    seen: tokio::sync::Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    running: Option<bool>,
    starts: u64,
}

impl CommandDriver {
    /// A service that these commands drive.
    pub fn new(commands: Commands) -> Self {
        let mark = Mark::unique();
        Self::with_mark(commands, mark)
    }

    pub(super) fn with_mark(commands: Commands, mark: Mark) -> Self {
        CommandDriver {
            inner: Arc::new(Inner {
                commands,
                mark,
                observers: Observers::default(),
                seen: tokio::sync::Mutex::default(),
            }),
            watch: Mutex::default(),
        }
    }
}

impl Inner {
    /// Runs a command that acts, with the mark by which it is found if we die before it.
    async fn run(&self, act: &str, command: &[String]) -> Result<(), DriverError> {
        self.commands.run(act, command, &self.mark).await
    }

    /// Waits until the service is running, or is not.
    async fn await_running(
        &self,
        running: bool,
        act: &str,
        limit: Duration,
    ) -> Result<(), DriverError> {
        let deadline = Instant::now() + limit;
        while self.commands.is_running().await? != running {
            if Instant::now() > deadline {
                let limit = duration(limit);
                let state = if running {
                    "is not running"
                } else {
                    "is still running"
                };
                let message = format!(
                    "the service {state} after {limit}; fix the command, or increase `timeout`"
                );
                return Err(self.commands.failed(act, message));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn start(&self) -> Result<(), DriverError> {
        self.run("start", &self.commands.start).await?;
        self.await_running(true, "start", self.commands.limit).await
    }

    /// Kills, or stops where nothing kills.
    async fn kill(&self) -> Result<(), DriverError> {
        let commands = &self.commands;
        let (act, command) = match (&commands.kill, &commands.stop) {
            (Some(kill), _) => ("kill", kill),
            (None, Some(stop)) => ("stop", stop),
            (None, None) => return Err(commands.unsupported(Act::Kill)),
        };
        if let Err(error) = self.run(act, command).await {
            // What ended by itself just then cannot be killed any more, and need not be.
            if commands.is_running().await? {
                return Err(error);
            }
        }
        self.await_running(false, act, commands.limit).await
    }

    /// Asks to end, and kills after the grace where something kills.
    async fn stop(&self, grace: Duration) -> Result<(), DriverError> {
        let commands = &self.commands;
        let Some(stop) = &commands.stop else {
            return self.kill().await;
        };
        let limit = match commands.kill {
            Some(_) => grace,
            None => commands.limit,
        };
        let stopped = timeout(limit, async {
            self.run("stop", stop).await?;
            self.await_running(false, "stop", commands.limit).await
        });
        match (stopped.await, &commands.kill) {
            (Ok(done), _) => done,
            (Err(_), Some(_)) => self.kill().await,
            (Err(_), None) => self.await_running(false, "stop", Duration::ZERO).await,
        }
    }

    /// Looks, and tells what has become of the service since the last look. An outage between two
    /// looks is not seen.
    async fn look(&self, seen: &mut Seen) -> Result<bool, DriverError> {
        let running = self.commands.is_running().await?;
        self.tell(seen, running);
        Ok(running)
    }

    fn tell(&self, seen: &mut Seen, running: bool) {
        let before = seen.running.replace(running);
        if before == Some(running) {
            return;
        }
        if running {
            seen.starts += 1;
            self.observers.tell(&Observation::Started {
                identity: seen.starts.to_string(),
                source_at: None,
            });
        } else if before == Some(true) {
            self.observers.tell(&Observation::Exited {
                code: None,
                oom: false,
                source_at: None,
            });
        }
    }
}

#[async_trait]
impl Driver for CommandDriver {
    async fn act(&self, act: Act) -> Result<(), DriverError> {
        let inner = &self.inner;
        let mut seen = inner.seen.lock().await;
        let running = inner.look(&mut seen).await?;
        match act {
            Act::Start if running => return Ok(()),
            Act::Start => inner.start().await?,
            Act::Kill | Act::Stop { .. } if !running => return Ok(()),
            Act::Kill => inner.kill().await?,
            Act::Stop { .. } => inner.stop(act.grace()).await?,
            Act::Pause | Act::Unpause | Act::Cut | Act::Join | Act::Disturb(_) | Act::Lift => {
                return Err(inner.commands.unsupported(act));
            }
        }
        inner.tell(&mut seen, act == Act::Start);
        Ok(())
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        let mut seen = self.inner.seen.lock().await;
        Ok(match self.inner.look(&mut seen).await? {
            true => ServiceState::Running,
            false => ServiceState::Stopped,
        })
    }

    fn supports(&self, act: Act) -> bool {
        let commands = &self.inner.commands;
        match act {
            Act::Start => true,
            Act::Stop { .. } => commands.stop.is_some(),
            Act::Kill => commands.kill.is_some(),
            Act::Pause | Act::Unpause | Act::Cut | Act::Join | Act::Disturb(_) | Act::Lift => false,
        }
    }

    fn lease(&self) -> Option<Lease> {
        Some(Lease::Commands(Driven {
            commands: self.inner.commands.clone(),
            mark: Some(self.inner.mark.clone()),
        }))
    }

    fn identity(&self) -> Option<String> {
        let Commands { start, dir, .. } = &self.inner.commands;
        Some(format!("commands {start:?} in {}", dir.display()))
    }

    fn outlives_us(&self) -> bool {
        true
    }

    fn observe(&self) -> Observations {
        let receiver = self.inner.observers.subscribe();
        // A panic while the lock was held cannot have left the set in a bad state.
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.is_empty() {
            let inner = Arc::clone(&self.inner);
            watch.spawn(async move {
                loop {
                    sleep(WATCH_EVERY).await;
                    let mut seen = inner.seen.lock().await;
                    if let Err(error) = inner.look(&mut seen).await {
                        inner.observers.tell(&Observation::Lost(error.to_string()));
                        return;
                    }
                }
            });
        }
        receiver
    }

    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError> {
        let ended = self
            .inner
            .commands
            .end_of("run a command", command, None)
            .await?;
        Ok((ended.code == 0, ended.tail))
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        Ok(None)
    }

    fn subject(&self) -> Subject {
        let commands = self.inner.commands.clone();
        Subject::Command {
            start: commands.start,
            stop: commands.stop,
            kill: commands.kill,
            status: commands.status,
            dir: commands.dir,
        }
    }

    async fn release(&self) -> Result<(), DriverError> {
        Ok(())
    }
}
