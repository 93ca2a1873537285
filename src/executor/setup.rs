//! Before the plan: every service runs, the API serves, and does so without a failure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::trial::Trial;
use crate::load;
use crate::model::{API, duration};
use crate::stack::ServiceState;
use crate::trace::{EventKind, Origin, Phase, Recorder, Redaction};
use crate::watched;

/// What to do about a service that does not stay up and does not say why.
const REMEDY: &str = "start it by hand to see why; often its address is in use";

/// How often it is looked whether a service that has ended runs nevertheless, because somebody
/// restarted it.
const LOOKS: u32 = 20;

/// How long from one look to the next.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Trial<'_> {
    /// Waits until the API serves every kind of request once. What it answers while it starts up is
    /// nobody's failure, so these requests are not part of the history.
    pub(super) async fn settle(&self) -> bool {
        let scratch = Recorder::new(None, Redaction::default(), u64::MAX);
        let (_ready, readiness) = watched::channel(load::Readiness::ReadySince(Instant::now()));
        let client = match self
            .executor
            .client(self.plan, scratch, readiness, "setup-")
        {
            Ok(client) => client,
            Err(error) => {
                self.trouble("preparing the load", error.to_string());
                return false;
            }
        };
        let limit = self.executor.settings.api_ready_within;
        let mut last = None;
        let began = Instant::now();
        let served = async {
            for kind in &self.executor.kinds {
                loop {
                    let outcome = client
                        .request(&Origin::Probe, &kind.name, Instant::now())
                        .await;
                    if outcome.is_ok() {
                        break;
                    }
                    last = Some((kind.name.clone(), outcome));
                    sleep(self.executor.settings.probe_every).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = served => return true,
            () = self.recorder.pass(began, limit) => {}
        }
        let limit = duration(limit);
        let detail = match last {
            Some((kind, outcome)) => {
                format!("the last request of the kind {kind} ended as {outcome}")
            }
            None => "no request has ended at all".to_owned(),
        };
        self.trouble(
            "setting up",
            format!(
                "the API did not serve every kind of request within {limit}: {detail}; mend it, or allow more by `[trial] api-ready-within`"
            ),
        );
        false
    }

    /// Ends when a service has ended by itself before the plan began, with its own last words. Once
    /// the plan has begun, what ends is a matter for the invariants.
    pub(super) async fn ended_early(&self) -> String {
        let mut history = self.recorder.follow_from(0);
        for (service, _) in self.executor.stack.services() {
            if self.is_stopped(service).await {
                return match self.last_words(service) {
                    Some(words) => format!("{service} has {words}"),
                    None => format!("{service} has ended by itself; {REMEDY}"),
                };
            }
        }
        let mut last_words = BTreeMap::new();
        loop {
            match history.next().await.kind {
                EventKind::Log { service, line, .. } => {
                    last_words.insert(service, line);
                }
                // The end of a service that was reset may be told late, when it runs again.
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
    /// way: most often it could not start again, since what is left of the one before holds
    /// something that it needs. That is not the API's doing.
    pub(super) async fn backend_ended(&self) -> String {
        let mut history = self.recorder.follow_from(0);
        while !matches!(
            history.next().await.kind,
            EventKind::Phase { phase: Phase::Plan }
        ) {}
        loop {
            let EventKind::Exited { service, .. } = history.next().await.kind else {
                continue;
            };
            let is_awaited =
                service != API && self.is_own(&service) && self.stays_away(&service).await;
            if is_awaited && let Some(words) = self.last_words(&service) {
                return format!("start failed: {service} has {words}");
            }
        }
    }

    /// Whether this run has started a service, and can tell how it ended.
    fn is_own(&self, service: &str) -> bool {
        let mut services = self.executor.stack.services();
        let own = services.find(|(name, _)| *name == service);
        own.is_some_and(|(_, driver)| driver.lease().is_some() && !driver.outlives_us())
    }

    /// How a service has ended by itself, and what it said last.
    fn last_words(&self, service: &str) -> Option<String> {
        let mut services = self.executor.stack.services();
        services
            .find(|(name, _)| *name == service)?
            .1
            .ended_by_itself()
    }

    /// Whether a service that has just ended does not run. Its end is told a moment before its
    /// driver counts it.
    async fn stays_away(&self, service: &str) -> bool {
        for _look in 0..LOOKS {
            if self.is_stopped(service).await {
                return true;
            }
            sleep(LOOK_EVERY).await;
        }
        false
    }

    /// Whether a service does not run. One whose state cannot be told is not blamed.
    async fn is_stopped(&self, service: &str) -> bool {
        let mut services = self.executor.stack.services();
        match services.find(|(name, _)| *name == service) {
            Some((_, driver)) => matches!(driver.state().await, Ok(ServiceState::Stopped)),
            None => false,
        }
    }
}
