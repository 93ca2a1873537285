//! Freezing a service, as SIGSTOP does a process.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Decides whether a service may run. Clones share the decision.
///
/// A frozen service is not polled at all: its timers go off late, when it is thawed, and data that
/// is sent to it waits in its connections, as with a process that has no processor.
#[derive(Debug, Clone, Default)]
pub(super) struct Freezer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    frozen: bool,
    waker: Option<Waker>,
}

impl Freezer {
    /// Freezes or thaws.
    pub fn freeze(&self, frozen: bool) {
        let mut state = self.state();
        state.frozen = frozen;
        if let (false, Some(waker)) = (frozen, state.waker.take()) {
            waker.wake();
        }
    }

    /// Whether it is frozen.
    pub fn is_frozen(&self) -> bool {
        self.state().frozen
    }

    /// Runs a service while it is not frozen.
    pub async fn run<T>(&self, service: impl Future<Output = T>) -> T {
        let mut service = pin!(service);
        poll_fn(|context| {
            let mut state = self.state();
            if state.frozen {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            drop(state);
            service.as_mut().poll(context)
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment, so a panic elsewhere cannot have left it half-made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_frozen_stands_still_and_its_timers_go_off_late() {
        let freezer = Freezer::default();
        let began = Instant::now();
        let service = async {
            sleep(Duration::from_millis(10)).await;
            let first = began.elapsed();
            sleep(Duration::from_millis(10)).await;
            (first, began.elapsed())
        };
        let nemesis = async {
            sleep(Duration::from_millis(5)).await;
            freezer.freeze(true);
            assert!(freezer.is_frozen());
            sleep(Duration::from_millis(100)).await;
            freezer.freeze(false);
        };
        let ((first, second), ()) = tokio::join!(freezer.run(service), nemesis);
        assert_eq!(first, Duration::from_millis(105));
        assert_eq!(second, Duration::from_millis(115));
    }
}
