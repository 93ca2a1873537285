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
    /// What does not end by itself within `[trial] reset-grace` is killed, and what is known to
    /// ignore its stop is killed at once: how a service stops is not what a reset looks for.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub async fn reset(&self) -> Result<(), NemesisError> {
        self.heal().await?;
        if let Some(api) = &self.stack.api {
            self.end(API, &**api).await?;
        }
        self.end_backends().await?;
        // The next trial's set-up reports a backend that is not ready in time.
        self.start_backends(&|_| true, false, &|_| {}).await?;
        match &self.stack.api {
            Some(api) => self.act(API, &**api, Act::Start).await,
            None => Ok(()),
        }
    }

    /// Ends the backends side by side, each after those that depend on it.
    async fn end_backends(&self) -> Result<(), NemesisError> {
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
                // The configuration has no cycles, so all have ended.
                return Ok(());
            }
            let ends = next
                .iter()
                .map(|backend| self.end(&backend.name, &*backend.driver));
            // Wait for all: one that fails must not leave another half ended.
            join_all(ends)
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
            for backend in next {
                running.remove(&backend.name);
            }
        }
    }

    async fn end(&self, name: &str, driver: &dyn Driver) -> Result<(), NemesisError> {
        let grace_ms = self.settings.reset_grace.as_millis() as u64;
        let act = match grace_ms == 0 || driver.ignores_stop().await {
            true => Act::Kill,
            false => Act::Stop { grace_ms },
        };
        self.act(name, driver, act).await
    }

    async fn act(&self, name: &str, driver: &dyn Driver, act: Act) -> Result<(), NemesisError> {
        do_act(name, driver, act, &self.journal).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::app::Variant;
    use crate::demo;
    use crate::stack::link::{LinkSource, LinkedDriver};
    use crate::stack::{
        DriverError, Lease, Observations, ServiceState, Stack, Subject, Usage, feed,
    };

    /// Notes the acts that a service is asked for.
    struct Noting {
        ignores_stop: bool,
        acts: Arc<Mutex<Vec<Act>>>,
    }

    #[async_trait]
    impl Driver for Noting {
        async fn act(&self, act: Act) -> Result<(), DriverError> {
            self.acts.lock().unwrap().push(act);
            Ok(())
        }
        async fn state(&self) -> Result<ServiceState, DriverError> {
            Ok(ServiceState::Running)
        }
        fn supports(&self, act: Act) -> bool {
            !matches!(act, Act::Cut | Act::Join)
        }
        fn lease(&self) -> Option<Lease> {
            None
        }
        fn outlives_us(&self) -> bool {
            true
        }
        fn observe(&self) -> Observations {
            feed().1
        }
        async fn exec(&self, _command: &[String]) -> Result<(bool, String), DriverError> {
            Ok((true, String::new()))
        }
        async fn usage(&self) -> Result<Option<Usage>, DriverError> {
            Ok(None)
        }
        fn subject(&self) -> Subject {
            Subject::Simulated
        }
        async fn ignores_stop(&self) -> bool {
            self.ignores_stop
        }
        async fn release(&self) -> Result<(), DriverError> {
            Ok(())
        }
    }

    /// How a reset ends the API.
    async fn ended_by(ignores_stop: bool, grace_ms: u64) -> Vec<Act> {
        let acts = Arc::new(Mutex::new(Vec::new()));
        let api = Noting {
            ignores_stop,
            acts: Arc::clone(&acts),
        };
        let mut executor = demo::simulated(Variant::Healthy).unwrap().executor;
        executor.settings.reset_grace = std::time::Duration::from_millis(grace_ms);
        executor.stack = Arc::new(Stack {
            api: Some(Box::new(api)),
            backends: Vec::new(),
            ports: Vec::new(),
        });
        executor.reset().await.unwrap();
        let acts = acts.lock().unwrap().clone();
        let is_end = |act: &Act| matches!(act, Act::Stop { .. } | Act::Kill);
        acts.into_iter().filter(is_end).collect()
    }

    #[tokio::test]
    async fn what_would_not_end_by_itself_is_killed_at_once() {
        let stop = Act::Stop { grace_ms: 2_000 };
        assert_eq!(ended_by(false, 2_000).await, [stop]);
        assert_eq!(ended_by(true, 2_000).await, [Act::Kill]);
        assert_eq!(ended_by(false, 0).await, [Act::Kill]);
    }

    #[tokio::test]
    async fn what_is_known_of_a_service_is_known_behind_a_link_too() {
        let behind_a_link = |api| -> Box<dyn Driver> {
            // Nothing listens there, and nobody asks it.
            let control = "127.0.0.1:1".parse().unwrap();
            Box::new(LinkedDriver::new(
                API,
                Box::new(api),
                LinkSource::Running(control),
            ))
        };
        let driver = |ignores_stop| Noting {
            ignores_stop,
            acts: Arc::default(),
        };
        assert!(behind_a_link(driver(true)).ignores_stop().await);
        assert!(!behind_a_link(driver(false)).ignores_stop().await);
    }
}
