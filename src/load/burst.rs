//! Bursts, and the steady background load.
//!
//! The requests of a load are tasks of their own, so that many can be sent at once. A request that
//! the caps delay is sent late; its latency still counts from its due time, and both times are
//! recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Client;
use super::schedule::{arrivals, due};
use crate::model::{Background, Burst, Mix, Outcome, Pace, UnknownReason};
use crate::trace::Origin;

/// The minimum pause of a closed-loop sender after an unsuccessful request. A refused connection
/// returns in microseconds: without a pause, the whole burst would be used up within a short
/// outage.
pub const ERROR_PAUSE: Duration = Duration::from_millis(20);

/// Sends a burst, and returns when all its requests have ended. Stops early when the harness itself
/// fails on a request, which is then recorded as trouble. If it is dropped, its requests end a
/// moment later: see [`Client::idle`].
pub async fn burst(client: &Client, origin: &Origin, burst: &Burst) {
    let load = Load::new(client, origin, &burst.mix);
    let concurrency = burst.concurrency.max(1);
    match burst.pace {
        Pace::Closed { think_ms } => {
            let think = Duration::from_millis(think_ms);
            let (next, count) = (Arc::new(AtomicU32::new(0)), burst.count);
            let sender = |_| {
                let (load, next) = (Arc::clone(&load), Arc::clone(&next));
                async move { load.send_in_turn(&next, count, think).await }
            };
            let senders: JoinSet<()> = (0..concurrency.min(count)).map(sender).collect();
            senders.join_all().await;
        }
        Pace::Open { rate_per_s } => {
            let arrivals = load.arrivals(rate_per_s).take(burst.count as usize);
            load.send_when_due(arrivals, Some(concurrency as usize))
                .await;
        }
    }
}

/// Sends requests at a fixed rate, however the API responds, until `stop` resolves. Then waits for
/// the requests in flight. If it is dropped, its requests end a moment later: see [`Client::idle`].
pub async fn background(client: &Client, background: &Background, stop: impl Future<Output = ()>) {
    let load = Load::new(client, &Origin::Background, &background.mix);
    let arrivals = load.arrivals(background.rate_per_s).take_until(stop);
    load.send_when_due(arrivals, None).await;
}

/// Requests of one origin.
struct Load {
    client: Client,
    origin: Origin,
    mix: Mix,
    given_up: AtomicBool,
}

impl Load {
    fn new(client: &Client, origin: &Origin, mix: &Mix) -> Arc<Self> {
        Arc::new(Load {
            client: client.clone(),
            origin: origin.clone(),
            mix: mix.clone(),
            given_up: AtomicBool::new(false),
        })
    }

    /// One sender of a closed loop: sends the next request when its previous one has ended.
    async fn send_in_turn(&self, next: &AtomicU32, count: u32, think: Duration) {
        let mut pause = None;
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= count {
                return;
            }
            // Even a sleep of no length takes a millisecond.
            if let Some(pause) = pause.filter(|pause| !Duration::is_zero(pause)) {
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

    /// The requests of an open loop, each at its due time.
    fn arrivals(&self, rate_per_s: f64) -> impl Stream<Item = (u64, Instant)> + use<> {
        let start = Instant::now();
        if due(start, rate_per_s, 1).is_none() {
            self.client.give_up(format!(
                "cannot send requests at a rate of {rate_per_s} per second"
            ));
            self.given_up.store(true, Ordering::Relaxed);
        }
        arrivals(start, rate_per_s)
    }

    /// Sends each request when it is due, with at most `concurrency` in flight.
    async fn send_when_due(
        self: &Arc<Self>,
        arrivals: impl Stream<Item = (u64, Instant)>,
        concurrency: Option<usize>,
    ) {
        self.sent_when_due(arrivals, concurrency)
            .await
            .join_all()
            .await;
    }

    /// The requests that are still in flight when the last one has arrived. The schedule has ended
    /// then: nobody waits for it while answers are awaited.
    async fn sent_when_due(
        self: &Arc<Self>,
        arrivals: impl Stream<Item = (u64, Instant)>,
        concurrency: Option<usize>,
    ) -> JoinSet<Outcome> {
        let mut arrivals = std::pin::pin!(arrivals);
        let mut sent = JoinSet::new();
        while let Some((nth, due)) = arrivals.next().await
            && !self.given_up.load(Ordering::Relaxed)
        {
            let load = Arc::clone(self);
            sent.spawn(async move { load.send(nth, due).await });
            while sent.try_join_next().is_some() {}
            while concurrency.is_some_and(|most| sent.len() >= most) {
                sent.join_next().await;
            }
        }
        sent
    }

    async fn send(&self, nth: u64, intended: Instant) -> Outcome {
        let outcome = self
            .client
            .nth_request(&self.origin, &self.mix, nth, intended)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Caps;
    use crate::load::tests::scripted::{Reply, Rig, rig};
    use crate::model::StepId;
    use crate::trace::EventKind;

    fn answering_after(ms: u64) -> Rig {
        rig(Caps::default(), move |_, _| {
            Reply::Answer(ms, 200, "{}".to_owned())
        })
    }

    fn plain() -> Mix {
        Mix::from([("plain".to_owned(), 1)])
    }

    fn of(count: u32, concurrency: u32, pace: Pace) -> Burst {
        Burst {
            count,
            concurrency,
            pace,
            mix: plain(),
        }
    }

    async fn run(rig: &Rig, requests: &Burst) {
        let origin = Origin::Step(StepId("b1".to_owned()));
        burst(&rig.client, &origin, requests).await;
    }

    /// When each request was due and when it was sent, in milliseconds.
    fn sendings(rig: &Rig) -> Vec<(u64, u64)> {
        let history = rig.recorder.history();
        let sending = |event: &crate::trace::Event| match event.kind {
            EventKind::Sent { intended_us, .. } => Some((intended_us / 1000, event.at_us / 1000)),
            _ => None,
        };
        history.iter().filter_map(sending).collect()
    }

    fn kinds(rig: &Rig) -> Vec<String> {
        let history = rig.recorder.history();
        let kind = |event: crate::trace::Event| match event.kind {
            EventKind::Sent { kind, .. } => Some(kind),
            _ => None,
        };
        history.into_iter().filter_map(kind).collect()
    }

    fn ends(rig: &Rig) -> usize {
        let history = rig.recorder.history();
        let ended = |event: &&crate::trace::Event| matches!(event.kind, EventKind::Ended { .. });
        history.iter().filter(ended).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_waits_for_answers_and_thinks() {
        let rig = answering_after(10);
        run(&rig, &of(5, 2, Pace::Closed { think_ms: 5 })).await;
        let sent: Vec<_> = sendings(&rig).into_iter().map(|(_, sent)| sent).collect();
        assert_eq!(sent, [0, 0, 15, 15, 30]);
        assert_eq!(rig.recorder.now_us(), 40_000);
        assert_eq!(ends(&rig), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_is_paced_while_the_api_refuses() {
        let rig = rig(Caps::default(), |_, _| {
            Reply::Lost(0, UnknownReason::Refused)
        });
        run(&rig, &of(10, 1, Pace::Closed { think_ms: 0 })).await;
        assert_eq!(rig.recorder.now_us(), 9 * ERROR_PAUSE.as_micros() as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_loop_keeps_its_due_times_whatever_the_answers_do() {
        let rig = answering_after(500);
        run(&rig, &of(5, 100, Pace::Open { rate_per_s: 10.0 })).await;
        assert_eq!(
            sendings(&rig),
            [(0, 0), (100, 100), (200, 200), (300, 300), (400, 400)]
        );
        assert_eq!(rig.recorder.now_us(), 900_000);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_loop_that_may_not_send_counts_from_the_due_time() {
        let rig = answering_after(250);
        run(&rig, &of(4, 1, Pace::Open { rate_per_s: 10.0 })).await;
        assert_eq!(sendings(&rig), [(0, 0), (100, 250), (200, 500), (300, 750)]);
        let story = rig.story();
        assert_eq!(story.last().unwrap(), "1000 ended 3 Submit ok 700 -");
    }

    #[tokio::test(start_paused = true)]
    async fn background_load_stops_on_request_and_waits_for_its_requests() {
        let rig = answering_after(300);
        let steady = Background {
            rate_per_s: 10.0,
            mix: plain(),
        };
        background(&rig.client, &steady, sleep(Duration::from_millis(1050))).await;
        assert_eq!(sendings(&rig).len(), 11);
        assert_eq!(ends(&rig), 11);
        assert_eq!(rig.recorder.now_us(), 1_300_000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_plan_draws_the_same_mix_whatever_the_api_does() {
        let mut requests = of(40, 1, Pace::Closed { think_ms: 0 });
        requests.mix = Mix::from([("job".to_owned(), 1), ("plain".to_owned(), 1)]);
        let healthy = answering_after(1);
        let broken = rig(Caps::default(), |_, _| Reply::Lost(2, UnknownReason::Reset));
        run(&healthy, &requests).await;
        run(&broken, &requests).await;
        assert_eq!(kinds(&healthy), kinds(&broken));
        assert!(kinds(&healthy).contains(&"job".to_owned()));
        assert!(kinds(&healthy).contains(&"plain".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn loads_end_early_when_the_cap_is_used_up_and_say_so_once() {
        for pace in [
            Pace::Closed { think_ms: 0 },
            Pace::Open { rate_per_s: 100.0 },
        ] {
            let caps = Caps {
                requests: 5,
                ..Caps::default()
            };
            let rig = rig(caps, |_, _| Reply::Answer(10, 200, "{}".to_owned()));
            run(&rig, &of(100_000, 3, pace)).await;
            assert_eq!((sendings(&rig).len(), ends(&rig)), (5, 5), "{pace:?}");
            assert!(rig.recorder.now_us() < 200_000, "{pace:?}");
            let story = rig.story();
            let troubles = story.iter().filter(|line| line.contains("trouble")).count();
            assert_eq!(troubles, 1, "{story:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_that_cannot_be_is_trouble_and_sends_nothing() {
        let mut empty = of(3, 1, Pace::Closed { think_ms: 0 });
        empty.mix = Mix::new();
        let mut bursts = vec![empty];
        for rate_per_s in [0.0, -1.0, f64::NAN, 1e-300] {
            bursts.push(of(3, 1, Pace::Open { rate_per_s }));
        }
        for requests in bursts {
            let rig = answering_after(1);
            run(&rig, &requests).await;
            let story = rig.story();
            assert_eq!(story.len(), 1, "{requests:?}: {story:?}");
            assert!(story[0].contains("trouble"), "{story:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn loads_can_be_tasks_of_their_own() {
        let rig = answering_after(1);
        let (client, requests) = (rig.client.clone(), of(2, 2, Pace::Open { rate_per_s: 1.0 }));
        let bursting = tokio::spawn(async move {
            burst(&client, &Origin::Baseline, &requests).await;
        });
        let client = rig.client.clone();
        let steady = tokio::spawn(async move {
            let load = Background {
                rate_per_s: 10.0,
                mix: plain(),
            };
            background(&client, &load, sleep(Duration::from_millis(50))).await;
        });
        bursting.await.unwrap();
        steady.await.unwrap();
        assert_eq!(ends(&rig), 3);
    }
}
