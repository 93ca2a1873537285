//! Rounds of requests of every kind, before the plan and after recovery, whose answers are
//! compared.

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::load::Client;
use crate::model::{Action, Outcome, Plan, RequestKind};
use crate::trace::Origin;

/// How many requests of each kind are sent after recovery at least: with five, two that were
/// disturbed by something else leave the median what it is.
const AFTER_REQUESTS: u32 = 5;

/// Sends rounds of requests.
pub(super) struct Rounds<'a> {
    client: &'a Client,
    kinds: &'a [RequestKind],
    /// How many requests the plan's widest burst has in flight.
    width: u32,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(client: &'a Client, kinds: &'a [RequestKind], plan: &Plan) -> Self {
        let widths = plan.steps.iter().map(|step| match &step.action {
            Action::Burst(burst) => burst.concurrency.min(burst.count),
            Action::Fault(_) | Action::Wait(_) => 1,
        });
        Rounds {
            client,
            kinds,
            width: widths.max().unwrap_or(1),
        }
    }

    /// Whether the plan has several requests in flight at once.
    pub(super) fn are_wide(&self) -> bool {
        self.width >= 2
    }

    /// Sends each kind a few times, one request after the other, and returns whether every request
    /// succeeded. It ends with the first that does not.
    pub(super) async fn in_turn(&self, origin: &Origin, times: u32) -> bool {
        for _ in 0..times {
            for kind in self.kinds {
                let sent = self.client.request(origin, &kind.name, Instant::now());
                if !matches!(sent.await, Outcome::Ok) {
                    return false;
                }
            }
        }
        true
    }

    /// Sends as many of each kind at once as the plan's widest burst has in flight. Before the plan
    /// this fills the API's pools. After it, probes that come one after the other may have met the
    /// same worker or connection each time, while its neighbours are still broken. Returns whether
    /// none of them hung.
    pub(super) async fn all_at_once(&self) -> bool {
        let requests = self.kinds.iter().flat_map(|kind| {
            let send = || {
                self.client
                    .request(&Origin::Probe, &kind.name, Instant::now())
            };
            (0..self.width).map(move |_| send())
        });
        let outcomes = join_all(requests).await;
        !outcomes.iter().any(Outcome::ran_into_limit)
    }

    /// Asks an API that has recovered for as much at once as the plan did, and then sends it the
    /// baseline's requests again. These are left out if a request ran into its limit before:
    /// they may wait as long once more, and the verdict rests on that one.
    pub(super) async fn after_recovery(&self, baseline_times: u32) {
        if !self.all_at_once().await {
            return;
        }
        let times = baseline_times.max(AFTER_REQUESTS);
        self.in_turn(&Origin::After, times).await;
    }
}
