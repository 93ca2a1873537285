//! What was done to a backend by hand, and what became of it.

use std::cell::RefCell;
use std::time::Instant;

use serde::Serialize;
use tokio::time::timeout;

use crate::campaign::{Audience, Interrupt};
use crate::cli::kit::{Exit, Progress};
use crate::executor::Executor;
use crate::model::{BackendName, duration, duration_ms};
use crate::observe::until_ready;
use crate::stack::Backend;

/// What was done, for people and as JSON.
#[derive(Debug, Serialize)]
pub(super) struct FaultResult {
    pub(super) backend: BackendName,
    pub(super) acts: Vec<TimedAct>,
    /// From the end of the last act to the first yes of the direct probe, where it was awaited.
    pub(super) ready_after_ms: Option<u64>,
    /// Why it is not ready, where it was awaited in vain.
    pub(super) not_ready: Option<String>,
    pub(super) interrupted: bool,
}

/// One act, and how long it took.
#[derive(Debug, Serialize)]
pub(super) struct TimedAct {
    pub(super) act: String,
    pub(super) took_ms: u64,
}

impl FaultResult {
    /// Whether the backend should be ready again after the last act.
    pub(super) fn is_back(&self) -> bool {
        let last = self.acts.last().map(|timed| timed.act.as_str());
        matches!(last, Some("start" | "unpause" | "lift"))
    }

    /// Waits until the backend is ready, and says how long that took.
    pub(super) async fn wait(
        &mut self,
        backend: &Backend,
        executor: &Executor,
        interrupt: &Interrupt,
        progress: &Progress,
    ) {
        let began = Instant::now();
        let last = RefCell::new("it was not asked".to_owned());
        let refused = |why: &str| {
            progress.busy(&format!("waiting until {} is ready: {why}", backend.name));
            why.clone_into(&mut last.borrow_mut());
        };
        let limit = executor.settings.ready_within;
        let ready = tokio::select! {
            biased;
            () = interrupt.requested() => {
                self.interrupted = true;
                return;
            }
            ready = timeout(limit, until_ready(backend, refused)) => ready,
        };
        match ready {
            Ok(()) => self.ready_after_ms = Some(began.elapsed().as_millis() as u64),
            Err(_) => {
                let limit = duration(limit);
                self.not_ready = Some(format!("not ready within {limit}: {}", last.into_inner()));
            }
        }
    }

    pub(super) fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.not_ready.is_some() {
            Exit::Inconclusive
        } else {
            Exit::Success
        }
    }

    pub(super) fn text(&self) -> String {
        let name = &self.backend;
        let mut lines: Vec<String> = self
            .acts
            .iter()
            .map(|timed| {
                format!(
                    "{} {name}: done in {}",
                    timed.act,
                    duration_ms(timed.took_ms)
                )
            })
            .collect();
        if let Some(ms) = self.ready_after_ms {
            lines.push(format!("{name} is ready after {} more", duration_ms(ms)));
        }
        if let Some(why) = &self.not_ready {
            lines.push(format!("{name} is {why}"));
        }
        if !self.is_back() {
            lines.push("it stays so; `comeback heal` undoes it".to_owned());
        }
        lines.join("\n")
    }
}
