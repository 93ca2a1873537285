//! The early end of a trial whose verdict is sure.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::trace::{Event, EventKind, Phase, Recorder};
use crate::watched;

/// The shortest time between two questions whether the verdict is sure: to judge a long history
/// takes a while.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// When a trial may end early.
#[derive(Debug, Clone)]
pub struct EarlyEnd<F> {
    /// How long the backends must have been ready before the question is asked. With the recovery
    /// deadline, a trial shows whether the API recovers; with less, perhaps only that it has
    /// failed.
    pub after: Duration,
    /// Whether the verdict on a history is sure, whatever the requests in flight still do; then
    /// they are no longer waited for.
    pub is_decided: F,
}

impl<F: Fn(Vec<Event>) -> bool> EarlyEnd<F> {
    /// Ends when the verdict is sure. `ready` becomes known when the backends are ready again.
    pub(super) async fn reached(
        &self,
        recorder: &Recorder,
        mut ready: watched::Receiver<Option<Instant>>,
    ) {
        let known = ready.wait_for(Option::is_some).await;
        let since = *ready.borrow();
        let Some(since) = since.filter(|_| known.is_ok()) else {
            return std::future::pending().await;
        };
        recorder.pass(since, self.after).await;
        let mut history = recorder.follow_from(recorder.next_seq());
        while !(self.is_decided)(recorder.history()) {
            sleep(ASK_EVERY).await;
            // Only the end of a request can make a verdict sure, and only if it was not this
            // machine that kept it waiting.
            let ends = |event: &Event| matches!(event.kind, EventKind::Ended { .. }).then_some(());
            history.find(ends).await;
            recorder.pass(Instant::now(), Duration::ZERO).await;
        }
    }
}

/// Records that the trial ends early.
pub(super) fn cut_short(recorder: &Recorder) {
    recorder.record(EventKind::Decided);
    let drains = EventKind::Phase {
        phase: Phase::Drain,
    };
    let history = recorder.history();
    if !history.iter().any(|event| event.kind == drains) {
        recorder.record(drains);
    }
}
