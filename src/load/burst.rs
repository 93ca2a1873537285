//! Many requests: a burst, and the steady load behind a plan.
//!
//! Due times are exact, and the moment of sending follows them by up to a millisecond, to which tokio's timer rounds, plus
//! whatever the caps hold a request back. Both times are recorded, and latency counts from the due one.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::Client;
use crate::model::{Background, Burst, Mix, Outcome, Pace, UnknownReason};
use crate::trace::Origin;

/// How long a sender of a closed loop pauses at least after a request without success. A refused connection returns in
/// microseconds: without a pause, a burst would be spent before an outage of a second is over, in a storm of errors.
pub const ERROR_PAUSE: Duration = Duration::from_millis(20);

/// Sends a burst, and returns when each of its requests has its outcome. It ends early when the harness itself gives up on a
/// request, which has then been recorded as trouble.
pub async fn burst(client: &Client, origin: &Origin, burst: &Burst) {
    let load = Load::new(client, origin, &burst.mix);
    let concurrency = burst.concurrency.max(1);
    match burst.pace {
        Pace::Closed { think_ms } => {
            let think = Duration::from_millis(think_ms);
            let next = AtomicU32::new(0);
            let senders = concurrency.min(burst.count);
            join_all((0..senders).map(|_| load.send_in_turn(&next, burst.count, think))).await;
        }
        Pace::Open { rate_per_s } => {
            let arrivals = load.arrivals(rate_per_s).take(burst.count as usize);
            load.send_when_due(arrivals, Some(concurrency as usize))
                .await;
        }
    }
}

/// Sends requests at a fixed rate, whatever the answers do, until told to stop. Then it waits for the outcomes of those
/// that are under way.
pub async fn background(client: &Client, background: &Background, stop: impl Future<Output = ()>) {
    let load = Load::new(client, &Origin::Background, &background.mix);
    let arrivals = load.arrivals(background.rate_per_s).take_until(stop);
    load.send_when_due(arrivals, None).await;
}

/// Requests of one origin.
struct Load<'a> {
    client: &'a Client,
    origin: &'a Origin,
    mix: &'a Mix,
    given_up: AtomicBool,
}

impl<'a> Load<'a> {
    fn new(client: &'a Client, origin: &'a Origin, mix: &'a Mix) -> Self {
        Load {
            client,
            origin,
            mix,
            given_up: AtomicBool::new(false),
        }
    }

    /// One sender of a closed loop: it takes the next request as soon as its last one has ended.
    async fn send_in_turn(&self, next: &AtomicU32, count: u32, think: Duration) {
        let mut pause = None;
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= count {
                return;
            }
            if let Some(pause) = pause {
                sleep(pause).await;
            }
            if self.given_up.load(Ordering::Relaxed) {
                return;
            }
            let outcome = self.send(u64::from(nth), Instant::now()).await;
            pause = Some(if outcome.is_ok() {
                think
            } else {
                think.max(ERROR_PAUSE)
            });
        }
    }

    /// The requests of an open loop, each at the moment it is due.
    fn arrivals(&self, rate_per_s: f64) -> impl Stream<Item = (u64, Instant)> + use<> {
        let start = Instant::now();
        if due(start, rate_per_s, 1).is_none() {
            self.client.give_up(format!(
                "{rate_per_s} per second is no rate to send requests at"
            ));
            self.given_up.store(true, Ordering::Relaxed);
        }
        let schedule = (0u64..).map_while(move |nth| Some((nth, due(start, rate_per_s, nth)?)));
        stream::iter(schedule).then(|(nth, due)| async move {
            sleep_until(due).await;
            (nth, due)
        })
    }

    async fn send_when_due(
        &self,
        arrivals: impl Stream<Item = (u64, Instant)>,
        concurrency: Option<usize>,
    ) {
        arrivals
            .take_while(|_| std::future::ready(!self.given_up.load(Ordering::Relaxed)))
            .for_each_concurrent(concurrency, |(nth, due)| async move {
                self.send(nth, due).await;
            })
            .await;
    }

    async fn send(&self, nth: u64, intended: Instant) -> Outcome {
        let outcome = self
            .client
            .nth_request(self.origin, self.mix, nth, intended)
            .await;
        if let Outcome::Unknown {
            reason: UnknownReason::Dropped,
            ..
        } = outcome
        {
            self.given_up.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

/// When the `nth` request is due; none if the rate is no positive number.
fn due(start: Instant, rate_per_s: f64, nth: u64) -> Option<Instant> {
    let offset = Duration::try_from_secs_f64(nth as f64 / rate_per_s).ok()?;
    start.checked_add(offset)
}
