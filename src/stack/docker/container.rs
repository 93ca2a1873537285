//! A handle on one container: its state, and acts that return when an inspection confirms them.

use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, EventMessage};
use bollard::query_parameters::KillContainerOptionsBuilder;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::engine::{is_absent, is_conflict, words};
use super::{direct_kill, events};
use crate::stack::{DriverError, ServiceState};

/// How long the engine may take to carry out a request.
const CONFIRM_WITHIN: Duration = Duration::from_secs(20);
/// How often to inspect without an event: an event may come before the state that it announces.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One container, identified by id: a new container with the same name is a different one.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub docker: Docker,
    /// The service's name, for errors.
    pub service: String,
    pub id: String,
    pub name: String,
}

/// A container's status according to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Paused,
    /// It ended, and the engine is about to restart it.
    Restarting,
    Stopped,
}

/// A condition to bring a container into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Started,
    Killed,
    Frozen,
    Thawed,
}

impl Container {
    /// Inspects the container; `None` if it no longer exists.
    pub async fn look(&self) -> Result<Option<ContainerInspectResponse>, DriverError> {
        match self.docker.inspect_container(&self.id, None).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.refused("inspect", &error)),
        }
    }

    /// Inspects the container. If it no longer exists, the error says whether another container has
    /// its name now.
    pub async fn inspect(&self) -> Result<ContainerInspectResponse, DriverError> {
        if let Some(found) = self.look().await? {
            return Ok(found);
        }
        let successor = self.docker.inspect_container(&self.name, None).await.ok();
        // The engine also finds a container whose id begins with this name.
        let successor = successor.filter(|found| identity(found).1 == self.name);
        let what = match successor.and_then(|found| found.id) {
            Some(id) => format!(
                "was replaced: {} became {} under the same name",
                short(&self.id),
                short(&id)
            ),
            None => format!("({}) was removed", short(&self.id)),
        };
        let message = format!(
            "the container `{}` {what}; make sure that nothing recreates it during a run, and start a new run",
            self.name
        );
        Err(DriverError::missing(&self.service, message))
    }

    pub async fn status(&self) -> Result<Status, DriverError> {
        Ok(Status::of(&self.inspect().await?))
    }

    /// Brings the container into a condition. Repeats the request until an inspection confirms it.
    pub async fn bring(&self, to: Condition) -> Result<(), DriverError> {
        let found = self.inspect().await?;
        let status = Status::of(&found);
        if to.holds(status) {
            return Ok(());
        }
        if to == Condition::Frozen && status == Status::Stopped {
            return Err(self.failed(to.act(), "it is not running"));
        }
        let deadline = Instant::now() + CONFIRM_WITHIN;
        let mut changes = events::of(&self.docker, &self.id, SystemTime::now());
        let mut refusal = None;
        if to == Condition::Killed && status == Status::Running && direct_kill::kill(&found) {
            let confirm_by = Instant::now() + CONFIRM_WITHIN / 2;
            if self.settles(to, confirm_by, &mut changes).await? {
                return Ok(());
            }
        }
        while Instant::now() < deadline {
            // The engine may refuse because of an outdated state, so the request is repeated.
            let confirm_by = match self.request(to).await {
                Ok(()) => deadline,
                Err(error) if is_conflict(&error) => {
                    refusal = Some(words(&error));
                    Instant::now() + LOOK_AGAIN
                }
                Err(error) => return Err(self.refused(to.act(), &error)),
            };
            if self.settles(to, confirm_by, &mut changes).await? {
                return Ok(());
            }
        }
        let message = refusal.unwrap_or_else(|| match to {
            Condition::Started => "it does not stay up; see its log".to_owned(),
            _ => "the engine accepted the request, but did not carry it out".to_owned(),
        });
        Err(self.failed(to.act(), message))
    }

    /// Asks the engine to start the container, which is already running.
    pub async fn start_in_vain(&self) -> Result<(), DriverError> {
        let asked = self.request(Condition::Started).await;
        asked.map_err(|error| self.refused("act on it", &error))
    }

    /// Sends a signal that asks the container to end, and kills it after the grace period.
    pub async fn stop(&self, signal: &str, grace: Duration) -> Result<(), DriverError> {
        if Condition::Killed.holds(self.status().await?) {
            return Ok(());
        }
        let mut changes = events::of(&self.docker, &self.id, SystemTime::now());
        let kill_at = Instant::now() + grace;
        match self.signal(signal).await {
            Ok(()) => {}
            // It has just ended.
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(self.refused("stop", &error)),
        }
        if self
            .settles(Condition::Killed, kill_at, &mut changes)
            .await?
        {
            return Ok(());
        }
        self.bring(Condition::Killed).await
    }

    /// An act that the engine refused.
    pub fn refused(&self, act: impl ToString, error: &Error) -> DriverError {
        self.failed(act, words(error))
    }

    /// An act that failed.
    pub fn failed(&self, act: impl ToString, message: impl ToString) -> DriverError {
        DriverError::failed(&self.service, act, message)
    }

    async fn request(&self, condition: Condition) -> Result<(), Error> {
        match condition {
            Condition::Started => self.docker.start_container(&self.id, None).await,
            Condition::Killed => self.signal("SIGKILL").await,
            Condition::Frozen => self.docker.pause_container(&self.id).await,
            Condition::Thawed => self.docker.unpause_container(&self.id).await,
        }
    }

    async fn signal(&self, signal: &str) -> Result<(), Error> {
        let options = KillContainerOptionsBuilder::default().signal(signal);
        self.docker
            .kill_container(&self.id, Some(options.build()))
            .await
    }

    /// Waits until a condition holds. Inspects the container after each event. Returns `false` at
    /// the deadline.
    async fn settles(
        &self,
        condition: Condition,
        deadline: Instant,
        changes: &mut (impl Stream<Item = Result<EventMessage, Error>> + Unpin),
    ) -> Result<bool, DriverError> {
        loop {
            if condition.holds(self.status().await?) {
                return Ok(true);
            }
            tokio::select! {
                biased;
                () = sleep_until(deadline) => return Ok(false),
                Some(Ok(_)) = changes.next() => {}
                () = sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

impl Condition {
    fn holds(self, status: Status) -> bool {
        match self {
            // A frozen container has been started. Thawing it is another act.
            Condition::Started => matches!(status, Status::Running | Status::Paused),
            // A container that is about to restart is not dead.
            Condition::Killed => status == Status::Stopped,
            Condition::Frozen => status == Status::Paused,
            Condition::Thawed => status != Status::Paused,
        }
    }

    fn act(self) -> &'static str {
        match self {
            Condition::Started => "start",
            Condition::Killed => "kill",
            Condition::Frozen => "pause",
            Condition::Thawed => "unpause",
        }
    }
}

impl Status {
    pub fn of(found: &ContainerInspectResponse) -> Self {
        let Some(state) = &found.state else {
            return Status::Stopped;
        };
        let is = |flag: Option<bool>| flag.unwrap_or(false);
        // The engine also reports restarting and paused containers as running.
        match (is(state.restarting), is(state.paused), is(state.running)) {
            (true, _, _) => Status::Restarting,
            (_, true, _) => Status::Paused,
            (_, _, true) => Status::Running,
            _ => Status::Stopped,
        }
    }
}

impl From<Status> for ServiceState {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => ServiceState::Running,
            Status::Paused => ServiceState::Paused,
            Status::Restarting | Status::Stopped => ServiceState::Stopped,
        }
    }
}

/// A container's id and name, empty if unknown.
pub(super) fn identity(found: &ContainerInspectResponse) -> (&str, &str) {
    let name = found.name.as_deref().unwrap_or_default();
    let id = found.id.as_deref().unwrap_or_default();
    (id, name.trim_start_matches('/'))
}

/// The first twelve digits, as the `docker` command shows an id.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
