//! When the requests of an open loop are due.

use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use rustix::thread::set_current_timer_slack;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

/// The timer slack of the thread that keeps the schedule, in nanoseconds. Linux's default of 50 µs
/// lets the kernel wake several threads at once.
const SLACK_NS: u64 = 1_000;

/// The longest sleep before that thread checks whether its receiver is gone.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// The requests of an open loop, each when it is due: the `nth` at `nth / rate_per_s` after
/// `start`. It ends when a due time does not fit in an [`Instant`].
///
/// tokio's timer rounds up to whole milliseconds, so a thread of its own keeps the schedule. In
/// simulated time, where there is one thread only, tokio's timer is exact.
pub(super) fn arrivals(start: Instant, rate_per_s: f64) -> BoxStream<'static, (u64, Instant)> {
    let schedule = (0u64..).map_while(move |nth| Some((nth, due(start, rate_per_s, nth)?)));
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        let (sender, mut arrivals) = unbounded_channel();
        let keep = schedule.clone();
        let keeper = thread::Builder::new().name("schedule".to_owned());
        if keeper.spawn(move || keep_schedule(keep, &sender)).is_ok() {
            return stream::poll_fn(move |context| arrivals.poll_recv(context)).boxed();
        }
    }
    let wait = async |(nth, due)| {
        sleep_until(due).await;
        (nth, due)
    };
    stream::iter(schedule).then(wait).boxed()
}

/// When the `nth` request is due; `None` if the rate is not a positive number.
pub(super) fn due(start: Instant, rate_per_s: f64, nth: u64) -> Option<Instant> {
    let offset = Duration::try_from_secs_f64(nth as f64 / rate_per_s).ok()?;
    start.checked_add(offset)
}

/// Sends each arrival when it is due, until nobody receives them any more.
fn keep_schedule(
    schedule: impl Iterator<Item = (u64, Instant)>,
    arrivals: &UnboundedSender<(u64, Instant)>,
) {
    // If this fails, the thread just wakes up to 50 µs later.
    let _ = set_current_timer_slack(SLACK_NS.try_into().ok());
    for (nth, due) in schedule {
        loop {
            if arrivals.is_closed() {
                return;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(LONGEST_SLEEP));
        }
        if arrivals.send((nth, due)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn arrivals_come_in_order_and_never_early() {
        let start = Instant::now();
        let arrivals: Vec<_> = arrivals(start, 1_000.0)
            .take(50)
            .map(|(nth, due)| (nth, due, Instant::now()))
            .collect()
            .await;
        for (place, (nth, due, came)) in (0..).zip(arrivals) {
            assert_eq!((nth, due), (place, start + Duration::from_millis(place)));
            assert!(came >= due, "{nth} came early");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn simulated_time_is_exact() {
        let start = Instant::now();
        let arrivals = arrivals(start, 10.0).take(3);
        let came: Vec<_> = arrivals
            .map(|_| start.elapsed().as_millis())
            .collect()
            .await;
        assert_eq!(came, [0, 100, 200]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_rate_that_is_none_has_no_arrivals() {
        for rate_per_s in [0.0, -1.0, f64::NAN, 1e-300] {
            let due = due(Instant::now(), rate_per_s, 1);
            assert_eq!(due, None, "{rate_per_s}");
        }
    }

    #[test]
    fn a_schedule_that_nobody_follows_any_more_ends() {
        let (sender, receiver) = unbounded_channel();
        let (ended, end) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let in_an_hour = Instant::now() + Duration::from_secs(3_600);
            keep_schedule([(0, in_an_hour)].into_iter(), &sender);
            ended.send(())
        });
        drop(receiver);
        let end = end.recv_timeout(Duration::from_secs(30));
        assert_eq!(end, Ok(()), "its thread goes on");
    }
}
