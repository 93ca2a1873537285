//! The time that this machine withheld: the harness or a service was ready to run, but did not.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant, timeout};

use super::{Span, Spans};
use crate::watched;

/// The longest extension of a limit, as a multiple of its own length.
const AT_MOST: u64 = 3;

impl Spans {
    /// When a limit of `limit_us` that begins at `from_us` ends, if it stops during these spans
    /// (the time that the machine withheld). In microseconds since the trial began. The extension
    /// is at most three times the limit, so that it also ends on a machine that is always busy.
    pub fn later(&self, from_us: u64, limit_us: u64) -> u64 {
        let withheld_us = self.covered_while_free_us(from_us, limit_us);
        let extension_us = withheld_us.min(limit_us.saturating_mul(AT_MOST));
        from_us
            .saturating_add(limit_us)
            .saturating_add(extension_us)
    }
}

/// How long to wait for a measurement before it counts as stuck.
const STUCK: Duration = Duration::from_secs(5);

/// The ways to measure withheld time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The harness's own wake-up delay.
    Lag,
    /// How long the services' threads waited, as the kernel counts it.
    Waits,
}

/// The withheld time that is known so far, while the trial goes on.
#[derive(Debug)]
pub(super) struct Withheld(watched::Sender<Known>);

#[derive(Debug, Clone, Default)]
struct Known {
    spans: Spans,
    /// Until when each measure is complete; no entry if it is not taken.
    until: BTreeMap<Measure, Instant>,
}

impl Withheld {
    /// Starts without any measure.
    pub fn new() -> Self {
        Withheld(watched::Sender::new(Known::default()))
    }

    /// Adds withheld time.
    pub fn add(&self, span: Span) {
        self.0.send_modify(|known| known.spans.push(span));
    }

    /// One measure is complete until then; with `None`, it is no longer taken.
    pub fn known_until(&self, measure: Measure, until: Option<Instant>) {
        self.0.send_modify(|known| match until {
            Some(until) => drop(known.until.insert(measure, until)),
            None => drop(known.until.remove(&measure)),
        });
    }

    /// [`Spans::later`] of the time known so far.
    pub fn later(&self, from_us: u64, limit_us: u64) -> u64 {
        self.0.borrow().spans.later(from_us, limit_us)
    }

    /// Waits until all measures are complete until then, or one is stuck.
    pub async fn settled(&self, until: Instant) {
        let mut known = self.0.subscribe();
        let is_known = |known: &Known| known.until.values().all(|known| *known >= until);
        // The sender is in `self`, so the wait cannot fail.
        let _ = timeout(STUCK, known.wait_for(is_known)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use crate::trace::{EventKind, Measure, Recorder, Redaction, Span, Spans};

    #[test]
    fn a_limit_is_extended_by_what_was_withheld_within_it_and_within_the_extension() {
        let span = |(from_us, to_us)| Span { from_us, to_us };
        let later = |spans: &[(u64, u64)]| {
            let spans: Spans = spans.iter().copied().map(span).collect();
            spans.later(100, 50)
        };
        assert_eq!(later(&[]), 150);
        assert_eq!(later(&[(20, 100), (151, 900)]), 150);
        assert_eq!(later(&[(90, 120)]), 170);
        assert_eq!(later(&[(120, 140), (160, 165), (180, 190)]), 175);
        assert_eq!(later(&[(100, 9_000)]), 300, "and at most three times");
    }

    /// A step for each microsecond would take a year here.
    #[test]
    fn a_long_limit_that_a_wait_reaches_into_is_extended_at_once() {
        let year_us = 366 * 24 * 60 * 60 * 1_000_000;
        let from_us = year_us - 1;
        let waits: Spans = [Span {
            from_us,
            to_us: 9 * year_us,
        }]
        .into_iter()
        .collect();
        assert_eq!(waits.later(0, year_us), 4 * year_us);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_limit_waits_until_it_is_known_what_was_withheld() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let since = tokio::time::Instant::now();
        recorder.measured_until(Measure::Lag, Some(since));
        let measuring = async {
            sleep(Duration::from_millis(120)).await;
            recorder.record(EventKind::Lag { late_us: 30_000 });
            recorder.measured_until(Measure::Lag, Some(tokio::time::Instant::now()));
            sleep(Duration::from_millis(100)).await;
            recorder.measured_until(Measure::Lag, None);
        };
        let limit = async {
            recorder.pass(since, Duration::from_millis(100)).await;
            since.elapsed().as_millis()
        };
        // From 90 to 120 ms was withheld: 10 ms of that lie within the limit, and the other 20
        // within its extension.
        let (passed_ms, ()) = tokio::join!(limit, measuring);
        assert_eq!(passed_ms, 220, "it is not known before then");
        recorder.pass(since, Duration::from_millis(100)).await;
        assert_eq!(since.elapsed().as_millis(), 220, "and that was long enough");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_measures_a_limit_is_what_it_is() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let since = tokio::time::Instant::now();
        recorder.pass(since, Duration::from_millis(100)).await;
        assert_eq!(since.elapsed().as_millis(), 100);
    }
}
