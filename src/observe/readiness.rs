//! Whether each backend is ready, as probes that bypass the API see it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::awaited::ask;
use crate::model::{BackendName, StepId, duration};
use crate::stack::{Backend, Stack, backoff};
use crate::trace::{EventKind, Recorder};
use crate::watched;

/// Probes every backend of a stack until it is dropped, and records each change.
///
/// A backend that was struck by a fault counts as away until a probe that was *sent* after the
/// fault was undone succeeds: an answer already under way when the fault struck proves nothing.
#[derive(Debug)]
pub struct ReadinessObserver {
    backends: BTreeMap<BackendName, watched::Sender<State>>,
    _tasks: JoinSet<()>,
}

/// What is known of one backend.
#[derive(Debug, Clone)]
struct State {
    /// Incremented whenever a fault strikes or is undone. A probe's answer counts only if this has
    /// not changed meanwhile.
    generation: u64,
    /// Whether a fault has struck and is not yet undone.
    struck: bool,
    /// The last fault that was undone.
    fault: Option<StepId>,
    /// Since when the backend has been awaited.
    since: Instant,
    /// Whether it is ready.
    ready: bool,
    /// The last probe's error.
    refusal: Option<String>,
}

impl State {
    /// The pause after a probe that took this long: short while the backend is awaited.
    fn pause(&self, probe: Duration, most: Duration) -> Duration {
        match self.ready || self.struck {
            true => most,
            false => backoff::pause(self.since.elapsed(), probe, most),
        }
    }
}

impl ReadinessObserver {
    /// Starts probing.
    pub fn probe(stack: &Arc<Stack>, recorder: &Recorder) -> Self {
        let mut tasks = JoinSet::new();
        let mut backends = BTreeMap::new();
        for (index, backend) in stack.backends.iter().enumerate() {
            let state = watched::Sender::new(State {
                generation: 0,
                struck: false,
                fault: None,
                since: Instant::now(),
                ready: false,
                refusal: None,
            });
            backends.insert(backend.name.clone(), state.clone());
            let (stack, recorder) = (Arc::clone(stack), recorder.clone());
            tasks.spawn(
                async move { probe_backend(&stack.backends[index], &state, &recorder).await },
            );
        }
        ReadinessObserver {
            backends,
            _tasks: tasks,
        }
    }

    /// A fault is about to strike: the backend counts as away from now on.
    pub fn struck(&self, backend: &str) {
        self.change(backend, |state| state.struck = true);
    }

    /// The fault has been undone: the backend is awaited from now on.
    pub fn undone(&self, backend: &str, fault: &StepId) {
        self.change(backend, |state| {
            state.struck = false;
            state.fault = Some(fault.clone());
            state.since = Instant::now();
        });
    }

    /// Every fault that was still open has been undone.
    pub fn healed(&self) {
        for (name, state) in &self.backends {
            let is_struck = state.borrow().struck;
            if is_struck {
                self.change(name, |state| {
                    state.struck = false;
                    state.since = Instant::now();
                });
            }
        }
    }

    /// Waits until every backend is ready.
    pub async fn all_ready(&self) {
        for state in self.backends.values() {
            let mut changes = state.subscribe();
            // The sender is in `self`, so the wait cannot fail.
            let _ = changes.wait_for(|state| state.ready && !state.struck).await;
        }
    }

    /// Waits until some backend has been awaited for longer than `limit`, and returns a sentence
    /// that names it and the last probe's error.
    pub async fn overdue(&self, limit: Duration) -> String {
        let waits = self.backends.iter().map(|(name, state)| {
            Box::pin(async move {
                overdue(state, limit).await;
                let refusal = state.borrow().refusal.clone();
                let refusal = refusal.as_deref().unwrap_or("it was not even asked");
                let limit = duration(limit);
                format!("the backend {name} was not ready within {limit}: {refusal}")
            })
        });
        if self.backends.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(waits).await.0
    }

    fn change(&self, backend: &str, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.backends.get(backend) {
            state.send_modify(|state| {
                change(state);
                state.generation += 1;
                state.ready = false;
            });
        }
    }
}

async fn overdue(state: &watched::Sender<State>, limit: Duration) {
    let mut watch = state.subscribe();
    loop {
        let (awaited, since) = {
            let state = watch.borrow_and_update();
            (!state.ready && !state.struck, state.since)
        };
        let deadline = async {
            match awaited {
                true => tokio::time::sleep_until(since + limit).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = watch.changed() => {}
            () = deadline => return,
        }
    }
}

/// Probes one backend for ever.
async fn probe_backend(backend: &Backend, state: &watched::Sender<State>, recorder: &Recorder) {
    let mut changes = state.subscribe();
    // When the last probe was sent that failed; none since a probe succeeded.
    let mut refused_since: Option<u64> = None;
    loop {
        let generation = changes.borrow_and_update().generation;
        let (asked, sent_us) = (Instant::now(), recorder.now_us());
        let answer = ask(backend).await;
        let now = state.borrow().clone();
        match answer {
            Ok(()) if now.generation == generation && !now.struck && !now.ready => {
                let refused_us = refused_since.take().unwrap_or(0);
                recorder.record(EventKind::Ready {
                    backend: backend.name.clone(),
                    fault: now.fault,
                    not_ready_us: refused_us.max(recorder.at_us(now.since)),
                });
                state.send_if_modified(|state| {
                    state.ready = state.generation == generation;
                    state.refusal = None;
                    state.ready
                });
            }
            Ok(()) => {}
            Err(detail) => {
                if refused_since.replace(sent_us).is_none() {
                    recorder.record(EventKind::NotReady {
                        backend: backend.name.clone(),
                        detail: detail.clone(),
                    });
                }
                state.send_if_modified(|state| {
                    let was_ready = state.ready;
                    state.refusal = Some(detail);
                    state.ready = false;
                    if was_ready {
                        // It became unready by itself, and is awaited from now on.
                        state.since = Instant::now();
                    }
                    was_ready
                });
            }
        }
        let pause = state.borrow().pause(asked.elapsed(), backend.probe_every);
        // Probe at once after a strike or an undoing.
        tokio::select! {
            biased;
            _ = changes.changed() => {}
            () = sleep(pause) => {}
        }
    }
}
