//! Enforces the caps on load.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::{Caps, LoadError};
use crate::stack::wait_until;

/// Numbers the requests of a trial, and delays them as the caps demand.
#[derive(Debug)]
pub(super) struct Gate {
    in_flight: Semaphore,
    most_in_flight: u32,
    next: AtomicU64,
    max_requests: u64,
    begun: Mutex<VecDeque<Instant>>,
    window: Duration,
    window_requests: usize,
}

/// Whether a request may be sent.
#[derive(Debug)]
pub(super) enum Passage<'a> {
    /// It may be sent, with this number. It counts as in flight until the permit is dropped.
    Granted(u64, SemaphorePermit<'a>),
    /// The cap on requests is used up.
    UsedUp {
        /// Whether this is the first request that was refused.
        first: bool,
    },
}

impl Gate {
    /// A gate for one trial.
    pub fn new(caps: &Caps) -> Result<Self, LoadError> {
        if caps.in_flight == 0 {
            return Err(LoadError::Cap { cap: "in-flight" });
        }
        // At 2.5 per second, at most 2 requests start in any 0.8 s; at 0.1 per second, 1 in any
        // 10 s. The division fails exactly when the rate is not a number above zero.
        let window_requests = caps.rate_per_s.floor().max(1.0);
        let window = Duration::try_from_secs_f64(window_requests / caps.rate_per_s)
            .map_err(|_| LoadError::Cap { cap: "rate" })?;
        let most_in_flight = u32::try_from(caps.in_flight).unwrap_or(u32::MAX);
        Ok(Gate {
            in_flight: Semaphore::new(most_in_flight as usize),
            most_in_flight,
            next: AtomicU64::new(0),
            max_requests: caps.requests,
            begun: Mutex::new(VecDeque::new()),
            window,
            window_requests: window_requests as usize,
        })
    }

    /// Waits until no request counts as in flight.
    pub async fn idle(&self) {
        // The semaphore is never closed, so this never fails.
        let _ = self.in_flight.acquire_many(self.most_in_flight).await;
    }

    /// Waits until the caps on requests in flight and on the rate allow another request, first
    /// come, first served. Then numbers it.
    pub async fn pass(&self) -> Passage<'_> {
        // The semaphore is never closed, so this never fails.
        let Ok(permit) = self.in_flight.acquire().await else {
            return std::future::pending().await;
        };
        wait_until(self.turn()).await;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number < self.max_requests {
            Passage::Granted(number, permit)
        } else {
            Passage::UsedUp {
                first: number == self.max_requests,
            }
        }
    }

    /// Reserves and returns the first moment at which one more request keeps the rate.
    fn turn(&self) -> Instant {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let mut turn = Instant::now();
        if begun.len() == self.window_requests
            && let Some(oldest) = begun.pop_front()
        {
            turn = turn.max(oldest + self.window);
        }
        begun.push_back(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(rate_per_s: f64) -> Caps {
        Caps {
            rate_per_s,
            ..Caps::default()
        }
    }

    #[test]
    fn a_cap_that_lets_nothing_through_is_refused() {
        for rate in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            assert!(Gate::new(&caps(rate)).is_err(), "{rate}");
        }
        let none = Caps {
            in_flight: 0,
            ..Caps::default()
        };
        assert!(Gate::new(&none).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_sees_more_than_the_rate() {
        for (rate, window_ms, at_most) in [(5.0, 1000, 5), (2.5, 800, 2), (0.5, 2000, 1)] {
            let gate = Gate::new(&caps(rate)).unwrap();
            let start = Instant::now();
            let mut passed = Vec::new();
            for _ in 0..20 {
                let Passage::Granted(..) = gate.pass().await else {
                    panic!("the cap on requests is far away");
                };
                passed.push(start.elapsed());
            }
            let window = Duration::from_millis(window_ms);
            for pair in passed.windows(at_most + 1) {
                assert!(pair[at_most] - pair[0] >= window, "{rate}: {passed:?}");
            }
            // Nor is any request delayed longer than necessary.
            let ideal = Duration::from_secs_f64((20 - at_most) as f64 / rate);
            assert!(
                passed[19] <= ideal + Duration::from_millis(window_ms),
                "{passed:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_cap_on_requests_is_told_once() {
        let gate = Gate::new(&Caps {
            requests: 2,
            ..Caps::default()
        })
        .unwrap();
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(match gate.pass().await {
                Passage::Granted(number, _) => format!("granted {number}"),
                Passage::UsedUp { first } => format!("used up {first}"),
            });
        }
        assert_eq!(
            seen,
            ["granted 0", "granted 1", "used up true", "used up false"]
        );
    }
}
