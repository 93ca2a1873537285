//! Services that end by themselves during a trial, though nothing was done to them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use crate::model::API;
use crate::stack::{Driver, ServiceState, Stack};
use crate::trace::{EventKind, Phase, Recorder};

/// What to do about a service that does not stay up and does not say why.
const REMEDY: &str = "start it by hand to see why; often its address is in use";

/// How often a service that has ended is checked for running again, because somebody restarted it.
const CHECKS: u32 = 20;

/// The time from one check to the next.
const CHECK_EVERY: Duration = Duration::from_millis(10);

/// Watches the services of a stack for one trial.
pub(super) struct Exits<'a> {
    pub stack: &'a Stack,
    pub recorder: &'a Recorder,
}

impl Exits<'_> {
    /// Ends when a service has ended by itself before the plan began, with its own last words. Once
    /// the plan has begun, what ends is a matter for the invariants.
    pub(super) async fn before_plan(&self) -> String {
        let mut history = self.recorder.follow_from(0);
        for (service, _) in self.stack.services() {
            if self.is_stopped(service).await {
                return match self.last_words(service) {
                    Some(words) => format!("{service} has {words}"),
                    None => format!("{service} has ended by itself; {REMEDY}"),
                };
            }
        }
        let mut last_words = BTreeMap::new();
        loop {
            let news = history.find(|event| match &event.kind {
                EventKind::Log { .. } | EventKind::Exited { .. } | EventKind::Phase { .. } => {
                    Some(event.kind.clone())
                }
                _ => None,
            });
            match news.await {
                EventKind::Log { service, line, .. } => {
                    last_words.insert(service, line);
                }
                // The end of a service that was reset may be observed late, when it runs again.
                EventKind::Exited { service, code, .. } if self.stays_away(&service).await => {
                    if let Some(words) = self.last_words(&service) {
                        return format!("{service} has {words}");
                    }
                    let code = code.map_or(String::new(), |code| format!(" with code {code}"));
                    return match last_words.get(&service) {
                        Some(line) => {
                            format!("{service} has ended by itself{code}, saying: {line}")
                        }
                        None => format!("{service} has ended by itself{code}; {REMEDY}"),
                    };
                }
                EventKind::Phase { phase: Phase::Plan } => return std::future::pending().await,
                _ => {}
            }
        }
    }

    /// Ends when a backend that this run has started has ended by itself while the plan was under
    /// way: most often it could not start again, because what is left of the one before holds
    /// something that it needs. That is not the API's doing.
    pub(super) async fn of_backend(&self) -> String {
        let mut history = self.recorder.follow_from(0);
        let plan = EventKind::Phase { phase: Phase::Plan };
        history
            .find(|event| (event.kind == plan).then_some(()))
            .await;
        loop {
            let exit = history.find(|event| match &event.kind {
                EventKind::Exited { service, .. } => Some(service.clone()),
                _ => None,
            });
            let service = exit.await;
            let is_awaited =
                service != API && self.is_own(&service) && self.stays_away(&service).await;
            if is_awaited && let Some(words) = self.last_words(&service) {
                return format!("start failed: {service} has {words}");
            }
        }
    }

    fn driver(&self, service: &str) -> Option<&dyn Driver> {
        let mut services = self.stack.services();
        let found = services.find(|(name, _)| *name == service);
        found.map(|(_, driver)| driver)
    }

    /// Whether this run has started a service, and can tell how it ended.
    fn is_own(&self, service: &str) -> bool {
        let driver = self.driver(service);
        driver.is_some_and(|driver| driver.lease().is_some() && !driver.outlives_us())
    }

    /// How a service has ended by itself, and what it said last.
    fn last_words(&self, service: &str) -> Option<String> {
        self.driver(service)?.ended_by_itself()
    }

    /// Whether a service that has just ended does not run. Its end is observed a moment before its
    /// driver counts it.
    async fn stays_away(&self, service: &str) -> bool {
        for _check in 0..CHECKS {
            if self.is_stopped(service).await {
                return true;
            }
            sleep(CHECK_EVERY).await;
        }
        false
    }

    /// Whether a service does not run. One whose state is unknown counts as running.
    async fn is_stopped(&self, service: &str) -> bool {
        match self.driver(service) {
            Some(driver) => matches!(driver.state().await, Ok(ServiceState::Stopped)),
            None => false,
        }
    }
}
