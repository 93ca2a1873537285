//! Looking for sustained success once the backends are ready.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::trial::Trial;
use crate::model::KindName;
use crate::trace::{Event, EventKind, Follower, Origin};

/// How many successes in a row, per request kind, make success sustained.
const SUSTAINED: usize = 3;

impl Trial<'_> {
    /// Probes the API with every kind of request until success is sustained or the recovery deadline has passed,
    /// then waits for the probes that are still in flight.
    pub(super) async fn recover(&self, ready: Instant) {
        let deadline = ready + Duration::from_millis(self.executor.limits.recovery_ms);
        let sustained = watch::Sender::new(BTreeMap::new());
        let history = self.recorder.follow_from(self.recorder.next_seq());
        let probes = async {
            let kinds = self.executor.kinds.iter();
            join_all(kinds.map(|kind| self.probe(&kind.name, deadline, &sustained))).await
        };
        tokio::select! {
            biased;
            _ = probes => {}
            () = watch_streaks(history, &sustained) => {}
        }
    }

    /// Probes with one kind. A probe that hangs does not keep the next one from being sent: an API may
    /// lose one job and serve all others.
    async fn probe(
        &self,
        kind: &KindName,
        deadline: Instant,
        sustained: &watch::Sender<BTreeMap<KindName, bool>>,
    ) {
        let settings = &self.executor.settings;
        let mut in_flight = FuturesUnordered::new();
        let mut known = sustained.subscribe();
        let mut next_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                // The sender outlives this wait, so it cannot fail.
                _ = known.wait_for(|kinds| kinds.get(kind).is_some_and(|done| *done)) => break,
                () = sleep_until(deadline) => break,
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
async fn watch_streaks(mut history: Follower, sustained: &watch::Sender<BTreeMap<KindName, bool>>) {
    let mut streaks = Streaks::default();
    loop {
        if let Some(kind) = streaks.read(&history.next().await) {
            sustained.send_modify(|kinds| {
                kinds.insert(kind, true);
            });
        }
    }
}

/// The requests of each kind in the order of their sending, and which of them have succeeded.
///
/// One that has no outcome yet interrupts a streak here, although it may still succeed: so what is called
/// sustained now stays so whatever becomes of it.
#[derive(Debug, Default)]
struct Streaks {
    requests: BTreeMap<u64, (KindName, usize)>,
    succeeded: BTreeMap<KindName, Vec<bool>>,
}

impl Streaks {
    /// Reads one event, and tells the kind whose success is sustained by it.
    fn read(&mut self, event: &Event) -> Option<KindName> {
        match &event.kind {
            EventKind::Sent { request, kind, .. } => {
                let order = self.succeeded.entry(kind.clone()).or_default();
                self.requests.insert(*request, (kind.clone(), order.len()));
                order.push(false);
                None
            }
            EventKind::Ended {
                request, outcome, ..
            } if outcome.is_ok() => {
                let (kind, place) = self.requests.remove(request)?;
                let order = self.succeeded.get_mut(&kind)?;
                order[place] = true;
                let from = place.saturating_sub(SUSTAINED - 1);
                let until = (place + SUSTAINED).min(order.len());
                let streak = order[from..until]
                    .windows(SUSTAINED)
                    .any(|run| run.iter().all(|ok| *ok));
                streak.then_some(kind)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, UnknownReason};
    use crate::trace::Exchange;

    /// Reads a script: `+1` sends request 1, `=1` ends it well, `!1` ends it badly.
    fn sustained_after(script: &[&str]) -> Option<usize> {
        let mut streaks = Streaks::default();
        script.iter().position(|word| {
            let request = word[1..].parse().unwrap();
            let ended = |outcome| EventKind::Ended {
                request,
                outcome,
                exchange: Exchange::Submit,
                latency_us: 0,
                echo: None,
            };
            let kind = match &word[..1] {
                "+" => EventKind::Sent {
                    request,
                    origin: Origin::Probe,
                    kind: "k".to_owned(),
                    token: String::new(),
                    intended_us: 0,
                },
                "=" => ended(Outcome::Ok),
                _ => ended(Outcome::Unknown {
                    reason: UnknownReason::TimedOut,
                    message: String::new(),
                }),
            };
            streaks
                .read(&Event {
                    seq: 0,
                    at_us: 0,
                    kind,
                })
                .is_some()
        })
    }

    #[test]
    fn three_in_a_row_sustain_success() {
        assert_eq!(
            sustained_after(&["+1", "=1", "+2", "=2", "+3", "=3"]),
            Some(5)
        );
    }

    #[test]
    fn the_order_is_that_of_sending() {
        assert_eq!(
            sustained_after(&["+1", "+2", "+3", "=3", "=1", "=2"]),
            Some(5)
        );
    }

    #[test]
    fn a_failure_and_a_request_in_flight_interrupt_a_streak() {
        assert_eq!(
            sustained_after(&["+1", "=1", "+2", "!2", "+3", "=3", "+4", "=4"]),
            None
        );
        assert_eq!(
            sustained_after(&["+1", "=1", "+2", "+3", "=3", "+4", "=4"]),
            None
        );
    }

    #[test]
    fn one_lost_request_does_not_keep_the_later_ones_from_sustaining() {
        let script = ["+1", "+2", "=2", "+3", "=3", "+4", "=4"];
        assert_eq!(sustained_after(&script), Some(6));
    }
}
