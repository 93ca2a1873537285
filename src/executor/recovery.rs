//! Looking for sustained success once the backends are ready.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::trial::Trial;
use crate::model::KindName;
use crate::trace::{Follower, Origin, Streaks};
use crate::watched;

impl Trial<'_> {
    /// Probes the API with every kind of request until success is sustained or the recovery
    /// deadline has passed, then waits for the probes that are still in flight.
    pub(super) async fn recover(&self, ready: Instant) {
        let sustained = watched::Sender::new(BTreeMap::new());
        let history = self.recorder.follow_from(self.recorder.next_seq());
        let probes = async {
            let kinds = self.executor.kinds.iter();
            join_all(kinds.map(|kind| self.probe(&kind.name, ready, &sustained))).await
        };
        tokio::select! {
            biased;
            _ = probes => {}
            () = watch_streaks(history, &sustained) => {}
        }
    }

    /// Probes with one kind. A probe that hangs does not keep the next one from being sent: an API
    /// may lose one job and serve all others.
    async fn probe(
        &self,
        kind: &KindName,
        ready: Instant,
        sustained: &watched::Sender<BTreeMap<KindName, bool>>,
    ) {
        let settings = &self.executor.settings;
        let limit = Duration::from_millis(self.executor.limits.recovery_ms);
        let mut in_flight = FuturesUnordered::new();
        let mut known = sustained.subscribe();
        let mut next_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                // The sender outlives this wait, so it cannot fail.
                _ = known.wait_for(|kinds| kinds.get(kind).is_some_and(|done| *done)) => break,
                () = self.recorder.pass(ready, limit) => break,
                Some(_) = in_flight.next() => {
                    next_at = next_at.min(Instant::now() + settings.probe_every);
                }
                () = sleep_until(next_at) => {
                    in_flight.push(self.client.request(&Origin::Probe, kind, Instant::now()));
                    next_at = Instant::now() + settings.probe_patience.max(settings.probe_every);
                }
            }
        }
        while in_flight.next().await.is_some() {}
    }
}

/// Follows the history for ever and tells which kinds have sustained success.
async fn watch_streaks(
    mut history: Follower,
    sustained: &watched::Sender<BTreeMap<KindName, bool>>,
) {
    let mut streaks = Streaks::default();
    loop {
        if let Some(kind) = streaks.take(&history.next().await) {
            sustained.send_modify(|kinds| {
                kinds.insert(kind, true);
            });
        }
    }
}
