//! Looking for sustained success once the backends are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Executor;
use crate::load::Client;
use crate::model::{KindName, RequestKind};
use crate::stack::{backoff, wait_until};
use crate::trace::{EventKind, Follower, Origin, Phase, Recorder, Streaks};
use crate::watched;

/// Probes the API with every kind of request until its success is sustained.
pub(super) struct RecoveryProbes<'a> {
    client: &'a Client,
    kinds: &'a [RequestKind],
    recorder: &'a Recorder,
    /// For how long new probes are sent.
    deadline: Duration,
    /// The longest pause after a probe that has ended.
    longest_pause: Duration,
    /// How long after an unanswered probe the next one is sent nevertheless.
    patience: Duration,
    /// When the backends were ready, so that probing began.
    begun: watched::Sender<Option<Instant>>,
}

impl<'a> RecoveryProbes<'a> {
    pub(super) fn new(client: &'a Client, executor: &'a Executor, recorder: &'a Recorder) -> Self {
        let settings = &executor.settings;
        RecoveryProbes {
            client,
            kinds: &executor.kinds,
            recorder,
            deadline: Duration::from_millis(executor.limits.recovery_ms),
            longest_pause: settings.probe_every,
            patience: settings.probe_patience.max(settings.probe_every),
            begun: watched::Sender::new(None),
        }
    }

    /// When the backends were ready, once they are.
    pub(super) fn begun(&self) -> watched::Receiver<Option<Instant>> {
        self.begun.subscribe()
    }

    /// Probes with every kind of request until success is sustained or the recovery deadline has
    /// passed, then waits for the probes that are still in flight.
    pub(super) async fn until_sustained(&self, ready: Instant) {
        self.begun.send_replace(Some(ready));
        let sustained = watched::Sender::new(BTreeMap::new());
        let history = self.recorder.follow_from(self.recorder.next_seq());
        let probes = async {
            let kinds = self.kinds.iter();
            join_all(kinds.map(|kind| self.probe(&kind.name, ready, &sustained))).await
        };
        tokio::select! {
            biased;
            _ = probes => {}
            () = watch_streaks(history, &sustained) => {}
        }
    }

    /// Probes with one kind. A probe that hangs does not keep the next one from being sent: an API
    /// may lose one job and serve all others. After a success the next one follows as fast as the
    /// API answers; after a failure, the later the longer the API has been failing.
    async fn probe(
        &self,
        kind: &KindName,
        ready: Instant,
        sustained: &watched::Sender<BTreeMap<KindName, bool>>,
    ) {
        let mut in_flight = FuturesUnordered::new();
        let mut known = sustained.subscribe();
        let mut next_at = Instant::now();
        let mut failing_since: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                // The sender outlives this wait, so it cannot fail.
                _ = known.wait_for(|kinds| kinds.get(kind).is_some_and(|done| *done)) => break,
                () = self.recorder.pass(ready, self.deadline) => break,
                Some((is_ok, took)) = in_flight.next() => {
                    failing_since = match is_ok {
                        true => None,
                        false => failing_since.or(Some(Instant::now() - took)),
                    };
                    let failing = failing_since.map_or(Duration::ZERO, |since| since.elapsed());
                    let pause = backoff::pause(failing, took, self.longest_pause);
                    next_at = next_at.min(Instant::now() + pause);
                }
                () = wait_until(next_at) => {
                    in_flight.push(self.one(kind));
                    next_at = Instant::now() + self.patience;
                }
            }
        }
        while in_flight.next().await.is_some() {}
    }

    /// Sends a probe, and returns whether it succeeded and how long it took.
    async fn one(&self, kind: &KindName) -> (bool, Duration) {
        let sent = Instant::now();
        let outcome = self.client.request(&Origin::Probe, kind, sent).await;
        (outcome.is_ok(), sent.elapsed())
    }

    /// Whether the success of every kind has been sustained since the plan's end.
    pub(super) fn are_sustained(&self) -> bool {
        let history = self.recorder.history();
        let recovery = EventKind::Phase {
            phase: Phase::Recovery,
        };
        let since = history.iter().skip_while(|event| event.kind != recovery);
        let mut streaks = Streaks::default();
        let sustained: BTreeSet<_> = since.filter_map(|event| streaks.take(event)).collect();
        let mut kinds = self.kinds.iter();
        kinds.all(|kind| sustained.contains(&kind.name))
    }
}

/// Follows the history for ever and notes which kinds have sustained success.
async fn watch_streaks(
    mut history: Follower,
    sustained: &watched::Sender<BTreeMap<KindName, bool>>,
) {
    let mut streaks = Streaks::default();
    loop {
        let kind = history.find(|event| streaks.take(event)).await;
        sustained.send_modify(|kinds| {
            kinds.insert(kind, true);
        });
    }
}
