//! A handle on one container: its state, and acts that are done when an inspection confirms them.

use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, EventMessage};
use bollard::query_parameters::KillContainerOptionsBuilder;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::engine::{is_absent, is_conflict, words};
use super::events;
use super::selector::identity;
use crate::stack::{DriverError, ServiceState};

/// How long the engine may take to make true what it was asked for.
const CONFIRM_WITHIN: Duration = Duration::from_secs(20);
/// When to look again if no event says so: an event may precede the state it announces.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One container, by id: a container that takes its place under the same name is another one.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub docker: Docker,
    /// The service it is, for errors.
    pub service: String,
    pub id: String,
    pub name: String,
}

/// What the engine says of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Paused,
    /// It ended, and the engine's restart policy is about to start it.
    Restarting,
    Stopped,
}

/// A condition that a container can be brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Started,
    Killed,
    Frozen,
    Thawed,
}

impl Container {
    /// What the engine knows about it, or `None` when it is no longer there.
    pub async fn look(&self) -> Result<Option<ContainerInspectResponse>, DriverError> {
        match self.docker.inspect_container(&self.id, None).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.refused("inspect", &error)),
        }
    }

    /// What the engine knows about it.
    ///
    /// When it is no longer there, the error says whether another container has its name now.
    pub async fn inspect(&self) -> Result<ContainerInspectResponse, DriverError> {
        if let Some(found) = self.look().await? {
            return Ok(found);
        }
        let successor = self.docker.inspect_container(&self.name, None).await.ok();
        // The engine also answers with what has an id that begins with this name.
        let successor = successor.filter(|found| identity(found).1 == self.name);
        let what = match successor.and_then(|found| found.id) {
            Some(id) => format!(
                "was replaced: {} became {} under the same name",
                short(&self.id),
                short(&id)
            ),
            None => format!("({}) was removed", short(&self.id)),
        };
        Err(DriverError::Missing {
            service: self.service.clone(),
            message: format!(
                "the container `{}` {what}; let nothing recreate it during a run, and begin a new run",
                self.name
            ),
        })
    }

    pub async fn status(&self) -> Result<Status, DriverError> {
        Ok(Status::of(&self.inspect().await?))
    }

    /// Brings it into a condition: asks for it until an inspection confirms it.
    pub async fn bring(&self, to: Condition) -> Result<(), DriverError> {
        let status = self.status().await?;
        if to.holds(status) {
            return Ok(());
        }
        if to == Condition::Frozen && status == Status::Stopped {
            return Err(self.failed(to.act(), "it is not running"));
        }
        let deadline = Instant::now() + CONFIRM_WITHIN;
        let mut changes = events::of(&self.docker, &self.id, SystemTime::now());
        let mut refusal = None;
        while Instant::now() < deadline {
            // A refusal for the state's sake may come from a state that is already past, so the
            // request is made again while the wanted state does not show.
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
            Condition::Started => "it does not stay up; its log says why".to_owned(),
            _ => "the engine agreed, but it did not happen".to_owned(),
        });
        Err(self.failed(to.act(), message))
    }

    /// Asks for the start of what runs already.
    pub async fn start_in_vain(&self) -> Result<(), DriverError> {
        let asked = self.request(Condition::Started).await;
        asked.map_err(|error| self.refused("act on it", &error))
    }

    /// Sends a signal that asks to end, and kills after the grace.
    pub async fn stop(&self, signal: &str, grace: Duration) -> Result<(), DriverError> {
        if Condition::Killed.holds(self.status().await?) {
            return Ok(());
        }
        let mut changes = events::of(&self.docker, &self.id, SystemTime::now());
        let kill_at = Instant::now() + grace;
        match self.signal(signal).await {
            Ok(()) => {}
            // It has just ended by itself.
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
    pub fn failed(&self, act: impl ToString, message: impl Into<String>) -> DriverError {
        DriverError::Act {
            service: self.service.clone(),
            act: act.to_string(),
            message: message.into(),
        }
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

    /// Waits until a condition shows, looking whenever something happened to the container.
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
            // What is frozen has been started; to thaw it is another act.
            Condition::Started => matches!(status, Status::Running | Status::Paused),
            // What is about to be restarted is not gone for good.
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
        // A container that is to be restarted, or is paused, is reported as running at the same
        // time.
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

/// The first twelve digits, as the `docker` command shows an id.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
