//! Resetting the stack for the next trial.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::Executor;
use crate::model::{API, Act, BackendName};
use crate::nemesis::{NemesisError, do_act};
use crate::stack::{Backend, Driver};

impl Executor {
    /// Whether the API can be restarted. If not, a broken one stays broken.
    pub fn can_reset(&self) -> bool {
        self.stack.api.is_some()
    }

    /// Whether the API goes on running after this process has ended, in the state in which the last
    /// trial left it.
    pub fn stands_alone(&self) -> bool {
        self.stack.api.as_ref().is_some_and(|api| api.outlives_us())
    }

    /// Restarts the whole stack: the API ends first and starts last, when the backends are ready.
    /// What does not end by itself within `[trial] reset-grace` is killed: how a service stops is
    /// not what a reset looks for.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub async fn reset(&self) -> Result<(), NemesisError> {
        self.heal().await?;
        let grace_ms = self.settings.reset_grace.as_millis() as u64;
        let stop = match grace_ms {
            0 => Act::Kill,
            grace_ms => Act::Stop { grace_ms },
        };
        if let Some(api) = &self.stack.api {
            self.act(API, &**api, stop).await?;
        }
        self.stop_backends(stop).await?;
        // The next trial's set-up reports a backend that is not ready in time.
        self.start_backends(&|_| true, false, &|_| {}).await?;
        match &self.stack.api {
            Some(api) => self.act(API, &**api, Act::Start).await,
            None => Ok(()),
        }
    }

    /// Stops the backends side by side, each after those that depend on it.
    async fn stop_backends(&self, stop: Act) -> Result<(), NemesisError> {
        let all = self.stack.backends.iter();
        let mut running: BTreeSet<&BackendName> = all.map(|backend| &backend.name).collect();
        loop {
            let is_needed = |name: &BackendName| {
                let others = self.stack.backends.iter();
                let mut others = others.filter(|other| running.contains(&other.name));
                others.any(|other| other.after.contains(name))
            };
            let next: Vec<&Backend> = self
                .stack
                .backends
                .iter()
                .filter(|backend| running.contains(&backend.name) && !is_needed(&backend.name))
                .collect();
            if next.is_empty() {
                // The configuration has no cycles, so all are stopped.
                return Ok(());
            }
            let stops = next
                .iter()
                .map(|backend| self.act(&backend.name, &*backend.driver, stop));
            // Wait for all: one that fails must not leave another half stopped.
            join_all(stops)
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
            for backend in next {
                running.remove(&backend.name);
            }
        }
    }

    async fn act(&self, name: &str, driver: &dyn Driver, act: Act) -> Result<(), NemesisError> {
        do_act(name, driver, act, &self.journal).await
    }
}
