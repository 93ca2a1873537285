//! What is compared: the API at rest, and its answers to a few requests in turn, before the plan
//! and after recovery.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use super::trial::Trial;
use crate::model::{Action, Limits, Outcome};
use crate::observe::look;
use crate::stack::Usage;
use crate::trace::{EventKind, Origin, Phase, Streaks};

/// How many requests of each kind are sent after recovery at least: with five, two that were
/// disturbed by something else leave the median what it is.
const AFTER_REQUESTS: u32 = 5;

/// How often the API is asked for all at once at most, until that alone takes it no further.
const WARM_ROUNDS: u32 = 3;

impl Trial<'_> {
    /// What the API uses at rest before the plan, once its pools are as full as the plan's load
    /// alone makes them: else what a burst takes for good would look like something that a fault
    /// has taken. None where nobody can look, or nothing is limited.
    pub(super) async fn warmed(&self) -> Option<Usage> {
        let mut usage = self.rest(None).await?;
        if self.executor.limits.resources.is_none() || self.width() < 2 {
            return Some(usage);
        }
        for _ in 0..WARM_ROUNDS {
            self.all_at_once().await;
            let now = self.rest(None).await?;
            let grown = now.fds > usage.fds || now.threads > usage.threads;
            usage = now;
            if !grown {
                break;
            }
        }
        Some(usage)
    }

    /// Sends each kind a few times, one request after the other, and tells whether every request
    /// succeeded. It ends with the first that does not.
    pub(super) async fn in_turn(&self, origin: &Origin, times: u32) -> bool {
        for _ in 0..times {
            for kind in &self.executor.kinds {
                let sent = self.client.request(origin, &kind.name, Instant::now());
                if !matches!(sent.await, Outcome::Ok) {
                    return false;
                }
            }
        }
        true
    }

    /// Asks an API that has recovered for as much at once as the plan did, and then sends it the
    /// baseline's requests again. One that has not is left alone.
    pub(super) async fn after(&self) {
        if self.has_recovered() {
            self.all_at_once().await;
            let times = self.executor.settings.baseline_requests;
            self.in_turn(&Origin::After, times.max(AFTER_REQUESTS))
                .await;
        }
    }

    /// How many requests the plan's widest burst has in flight.
    fn width(&self) -> u32 {
        let widths = self.plan.steps.iter().map(|step| match &step.action {
            Action::Burst(burst) => burst.concurrency.min(burst.count),
            Action::Fault(_) | Action::Wait(_) => 1,
        });
        widths.max().unwrap_or(1)
    }

    /// Sends so many of each kind at once as the plan's widest burst has in flight. Before the plan
    /// this fills the API's pools. After it, probes that come one after the other may have met the
    /// same worker or connection each time, while its neighbours are still broken.
    async fn all_at_once(&self) {
        let width = self.width();
        let kinds = self.executor.kinds.iter();
        let requests = kinds.flat_map(|kind| {
            let send = || {
                self.client
                    .request(&Origin::Probe, &kind.name, Instant::now())
            };
            (0..width).map(move |_| send())
        });
        join_all(requests).await;
    }

    /// Waits, with nothing in flight, until the API has come to rest, and tells what it uses then:
    /// until it holds no more than the limits allow over `before` and is not busy; without
    /// `before`, until it lets go of nothing any more. It does not wait for longer than
    /// `[trial] settle`, nor for an API that nobody can look at.
    pub(super) async fn rest(&self, before: Option<&Usage>) -> Option<Usage> {
        let settings = &self.executor.settings;
        let deadline = Instant::now() + settings.settle;
        let mut last: Option<(Instant, Usage)> = None;
        loop {
            let looked = look(&self.executor.stack, self.recorder, true);
            let usage = timeout(settings.settle, looked).await.ok().flatten()?;
            let now = Instant::now();
            let rests = last.is_some_and(|(at, last)| match before {
                None => usage.fds >= last.fds && usage.threads >= last.threads,
                Some(before) => {
                    returned(&self.executor.limits, before, &usage)
                        && !is_busy(&self.executor.limits, &last, &usage, now - at)
                }
            });
            if rests || now >= deadline {
                return Some(usage);
            }
            last = Some((now, usage));
            sleep(settings.resources_every.min(deadline - now)).await;
        }
    }

    /// Whether the success of every kind has been sustained since the plan's end.
    fn has_recovered(&self) -> bool {
        let history = self.recorder.history();
        let recovery = EventKind::Phase {
            phase: Phase::Recovery,
        };
        let since = history.iter().skip_while(|event| event.kind != recovery);
        let mut streaks = Streaks::default();
        let sustained: BTreeSet<_> = since.filter_map(|event| streaks.take(event)).collect();
        let mut kinds = self.executor.kinds.iter();
        kinds.all(|kind| sustained.contains(&kind.name))
    }
}

/// Whether what the API holds is within the limits again.
fn returned(limits: &Limits, before: &Usage, now: &Usage) -> bool {
    let Some(limits) = limits.resources else {
        return true;
    };
    let within = |now: Option<u64>, allowed: Option<u64>| now <= allowed || allowed.is_none();
    let memory = before.memory_bytes.map(|bytes| limits.memory_bytes(bytes));
    within(now.fds, before.fds.map(|fds| fds + limits.fds))
        && within(now.threads, before.threads.map(|n| n + limits.threads))
        && within(now.memory_bytes, memory)
}

fn is_busy(limits: &Limits, last: &Usage, now: &Usage, within: Duration) -> bool {
    let used = now.cpu.saturating_sub(last.cpu);
    limits
        .resources
        .is_some_and(|limits| limits.is_busy(used.as_micros() as u64, within.as_micros() as u64))
}
