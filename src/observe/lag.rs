//! Whether this machine runs the harness on time, and whether its clocks can be trusted.

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::model::duration;
use crate::trace::{EventKind, Measure, Recorder};

/// The time between two measurements.
const EVERY: Duration = Duration::from_millis(10);

/// The shortest wake-up delay that is recorded. On an idle machine the delay is a tenth of this,
/// and nobody sets so short a timeout.
const LATE: Duration = Duration::from_millis(20);

/// The smallest step of the wall clock that is recorded. A time service that only slews the clock
/// changes it by less than a thousandth of the time that passes.
const WALL_STEP: Duration = Duration::from_millis(500);

/// The shortest suspension of the machine that is recorded.
const SUSPENDED: Duration = Duration::from_millis(100);

/// Measures the harness's own wake-up delay until it is dropped, and records delays of 20 ms and
/// more. It is of no use in simulated time, where nothing is ever late.
#[derive(Debug)]
pub struct Lag {
    recorder: Recorder,
    _task: JoinSet<()>,
}

impl Lag {
    /// Starts measuring.
    pub fn observe(recorder: &Recorder) -> Self {
        Self::with_clocks(recorder, Clocks::read)
    }

    fn with_clocks(
        recorder: &Recorder,
        clocks: impl Fn() -> Option<Clocks> + Send + 'static,
    ) -> Self {
        let mut task = JoinSet::new();
        recorder.measured_until(Measure::Lag, Some(Instant::now()));
        task.spawn(measure(recorder.clone(), clocks));
        Lag {
            recorder: recorder.clone(),
            _task: task,
        }
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        // Nobody may wait for measurements that will never come.
        self.recorder.measured_until(Measure::Lag, None);
    }
}

async fn measure(recorder: Recorder, clocks: impl Fn() -> Option<Clocks>) {
    let mut before = clocks();
    loop {
        let due = Instant::now() + EVERY;
        sleep_until(due).await;
        let late = due.elapsed();
        if late >= LATE {
            let late_us = late.as_micros() as u64;
            recorder.record(EventKind::Lag { late_us });
        }
        recorder.measured_until(Measure::Lag, Some(Instant::now()));
        let Some(now) = clocks() else { continue };
        if let Some(message) = before.and_then(|before| now.trouble_since(&before)) {
            recorder.record(EventKind::Trouble {
                during: "keeping time".to_owned(),
                message,
            });
        }
        before = Some(now);
    }
}

/// The times of this machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clocks {
    /// Since the epoch. It may be set at any time.
    wall: Duration,
    /// Stops while the machine is suspended. Trials are timed by it.
    monotonic: Duration,
    /// As `monotonic`, but goes on while the machine is suspended.
    boot: Duration,
}

impl Clocks {
    /// Reads all clocks at one moment; none if the reading was interrupted for too long.
    fn read() -> Option<Self> {
        let monotonic = since(clock_gettime(ClockId::Monotonic));
        let wall = SystemTime::UNIX_EPOCH.elapsed().ok()?;
        let boot = since(clock_gettime(ClockId::Boottime));
        let took = since(clock_gettime(ClockId::Monotonic)).saturating_sub(monotonic);
        (took < Duration::from_millis(1)).then_some(Clocks {
            wall,
            monotonic,
            boot,
        })
    }

    /// Why times measured since an earlier reading cannot be trusted, if they cannot.
    fn trouble_since(&self, before: &Clocks) -> Option<String> {
        let ran = self.monotonic.saturating_sub(before.monotonic);
        let passed = self.boot.saturating_sub(before.boot);
        let suspended = passed.saturating_sub(ran);
        if suspended >= SUSPENDED {
            let suspended = duration(suspended);
            return Some(format!("this machine was suspended for {suspended}"));
        }
        let expected = before.wall + passed;
        let (step, direction) = match self.wall >= expected {
            true => (self.wall - expected, "forward"),
            false => (expected - self.wall, "back"),
        };
        let by = duration(step);
        (step >= WALL_STEP).then(|| format!("this machine's clock was set {direction} by {by}"))
    }
}

/// A kernel clock is never negative.
fn since(time: Timespec) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::sleep;

    use super::*;
    use crate::trace::Redaction;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// The clocks after running, sleeping and being set forward or back, in milliseconds.
    fn clocks(ran: u64, slept: u64, forward: u64, back: u64) -> Clocks {
        Clocks {
            wall: ms(1_000_000 + ran + slept + forward - back),
            monotonic: ms(50_000 + ran),
            boot: ms(60_000 + ran + slept),
        }
    }

    #[test]
    fn a_clock_that_was_set_and_a_machine_that_slept_are_told_from_time_that_passes() {
        let trouble = |now: Clocks| now.trouble_since(&clocks(0, 0, 0, 0));
        assert_eq!(trouble(clocks(90_000, 0, 0, 0)), None);
        assert_eq!(trouble(clocks(90_000, 0, 45, 0)), None, "disciplined");
        assert_eq!(
            trouble(clocks(10, 7_000, 0, 0)).as_deref(),
            Some("this machine was suspended for 7 s")
        );
        assert_eq!(
            trouble(clocks(10, 0, 3_600_000, 0)).as_deref(),
            Some("this machine's clock was set forward by 1 h")
        );
        assert_eq!(
            trouble(clocks(10, 0, 0, 500)).as_deref(),
            Some("this machine's clock was set back by 500 ms")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_in_the_middle_is_a_trouble_once() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let shown = Mutex::new(0);
        let lag = Lag::with_clocks(&recorder, move || {
            let mut shown = shown.lock().unwrap();
            *shown += 1;
            Some(clocks(
                10 * *shown,
                0,
                if *shown > 5 { 3_000 } else { 0 },
                0,
            ))
        });
        sleep(ms(200)).await;
        drop(lag);
        let history = recorder.history();
        let [event] = &history[..] else {
            panic!("{history:?}");
        };
        assert_eq!(
            event.kind,
            EventKind::Trouble {
                during: "keeping time".to_owned(),
                message: "this machine's clock was set forward by 3 s".to_owned(),
            }
        );
    }

    #[tokio::test]
    async fn a_thread_that_was_kept_from_running_is_late() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let _lag = Lag::observe(&recorder);
        let mut history = recorder.follow_from(0);
        sleep(ms(1)).await;
        // This test's runtime has one thread, which is now busy with something else.
        std::thread::sleep(ms(80));
        let EventKind::Lag { late_us } = history.next().await.kind else {
            panic!("{:?}", recorder.history());
        };
        assert!((50_000..10_000_000).contains(&late_us), "{late_us}");
    }
}
