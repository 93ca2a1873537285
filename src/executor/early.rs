//! The early end of a trial whose verdict is sure.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::trial::Trial;
use crate::trace::{Event, EventKind, Phase};
use crate::watched;

/// How long it is waited at least before it is asked again: to judge a long history takes a while.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// When a trial may end early.
#[derive(Debug, Clone)]
pub struct EarlyEnd<F> {
    /// How long the backends have to be ready before it is asked. With the recovery deadline, a
    /// trial shows whether the API recovers; with less, perhaps only that it has failed.
    pub after: Duration,
    /// Whether the verdict on a history is sure, whatever the requests in flight still do; then
    /// they are waited for no longer.
    pub is_decided: F,
}

impl Trial<'_> {
    /// Ends when the verdict is sure. `ready` becomes known when the backends are ready again.
    pub(super) async fn decided(
        &self,
        mut ready: watched::Receiver<Option<Instant>>,
        early: &EarlyEnd<impl Fn(Vec<Event>) -> bool>,
    ) {
        let known = ready.wait_for(Option::is_some).await;
        let since = *ready.borrow();
        let Some(since) = since.filter(|_| known.is_ok()) else {
            return std::future::pending().await;
        };
        self.recorder.pass(since, early.after).await;
        let mut history = self.recorder.follow_from(self.recorder.next_seq());
        while !(early.is_decided)(self.recorder.history()) {
            sleep(ASK_EVERY).await;
            // Only the end of a request can make a verdict sure, and only if it was not this
            // machine that kept it waiting.
            while !matches!(history.next().await.kind, EventKind::Ended { .. }) {}
            self.recorder.pass(Instant::now(), Duration::ZERO).await;
        }
    }

    /// Records that the trial ends early.
    pub(super) fn cut_short(&self) {
        self.recorder.record(EventKind::Decided);
        let drains = EventKind::Phase {
            phase: Phase::Drain,
        };
        if !self
            .recorder
            .history()
            .iter()
            .any(|event| event.kind == drains)
        {
            self.recorder.record(drains);
        }
    }
}
