//! Observes one container: the engine's events, and the container's log.

use std::ops::ControlFlow;
use std::time::SystemTime;

use bollard::errors::Error;
use bollard::models::EventMessage;
use futures_util::StreamExt;

use super::container::{Container, short};
use super::engine::words;
use super::log::ContainerLog;
use super::{events, stamp};
use crate::stack::{Feed, Observation};

/// The exit code after SIGKILL, which the kernel sends when memory runs out.
const KILLED: i64 = 137;
/// Either of the two streams may report it first.
const REMOVED: &str = "it was removed";

/// Turns the engine's events and the container's log into observations.
pub(super) struct Observer {
    container: Container,
    log: Option<ContainerLog>,
    began: SystemTime,
    out: Feed,
    /// Whether the engine has reported that memory ran out since the container's last start.
    oom: bool,
}

impl Observer {
    /// An observer from a moment on.
    pub fn new(container: Container, has_log: bool, began: SystemTime, out: Feed) -> Self {
        let log = has_log
            .then(|| ContainerLog::follow(container.docker.clone(), container.id.clone(), began));
        Observer {
            container,
            log,
            began,
            out,
            oom: false,
        }
    }

    /// Observes until the receiver is gone, or nothing more can be observed.
    pub async fn run(mut self) {
        let docker = &self.container.docker;
        let mut events = events::of(docker, &self.container.id, self.began);
        loop {
            let next_line = async {
                match &mut self.log {
                    Some(log) => log.next().await,
                    None => std::future::pending().await,
                }
            };
            let flow = tokio::select! {
                biased;
                () = self.out.closed() => return,
                event = events.next() => match event {
                    Some(Ok(event)) => self.event(event).await,
                    Some(Err(error)) => self.lost(words(&error)),
                    None => self.lost("the engine closed its stream of events"),
                },
                line = next_line => match line {
                    Ok(line) => self.saw(Observation::Log { line: line.text, source_at: line.at }),
                    Err(error) => {
                        let why = why_unreadable(&self.container, &error).await;
                        self.lost(why)
                    }
                },
            };
            if flow.is_break() {
                return;
            }
        }
    }

    async fn event(&mut self, event: EventMessage) -> ControlFlow<()> {
        let source_at = event.time_nano.and_then(stamp::rfc3339);
        match event.action.as_deref() {
            Some("start") => {
                self.oom = false;
                if let Some(log) = &mut self.log {
                    log.resume();
                }
                // A restarted container keeps its id, so the time of the start identifies it.
                let at = source_at.as_deref().unwrap_or("?");
                let identity = format!("{}@{at}", short(&self.container.id));
                self.saw(Observation::Started {
                    identity,
                    source_at,
                })
            }
            Some("die") => {
                let code = exit_code(&event);
                // The `oom` event may come after the exit, so the container is inspected too.
                let oom =
                    code == Some(KILLED) && (self.oom || ran_out_of_memory(&self.container).await);
                self.saw(Observation::Exited {
                    code,
                    oom,
                    source_at,
                })
            }
            Some("oom") => {
                self.oom = true;
                ControlFlow::Continue(())
            }
            Some("pause") => self.saw(Observation::Paused(true)),
            Some("unpause") => self.saw(Observation::Paused(false)),
            Some("destroy") => self.lost(REMOVED),
            _ => ControlFlow::Continue(()),
        }
    }

    fn saw(&self, observation: Observation) -> ControlFlow<()> {
        match self.out.send(observation) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }

    fn lost(&self, why: impl Into<String>) -> ControlFlow<()> {
        let Container { name, .. } = &self.container;
        // Stop in any case, even if the receiver is gone.
        let _ = self.saw(Observation::Lost(format!(
            "the container `{name}` can no longer be observed: {}",
            why.into()
        )));
        ControlFlow::Break(())
    }
}

async fn why_unreadable(container: &Container, error: &Error) -> String {
    match container.look().await {
        Ok(None) => REMOVED.to_owned(),
        _ => format!("its log cannot be read: {}", words(error)),
    }
}

async fn ran_out_of_memory(container: &Container) -> bool {
    let found = container.look().await.ok().flatten();
    let state = found.and_then(|found| found.state);
    state.and_then(|state| state.oom_killed).unwrap_or(false)
}

fn exit_code(event: &EventMessage) -> Option<i64> {
    let attributes = event.actor.as_ref()?.attributes.as_ref()?;
    // Podman uses another name.
    let code = attributes
        .get("exitCode")
        .or_else(|| attributes.get("containerExitCode"));
    code?.parse().ok()
}
