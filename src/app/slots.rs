//! A limit on calls in flight: each takes a slot, or waits in line for one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{ApiSettings, Variant};

/// The slots.
pub(super) struct Slots {
    state: Mutex<State>,
    patience: Duration,
    settings: ApiSettings,
}

struct State {
    free: usize,
    /// The waiting calls, first come, first served.
    line: VecDeque<oneshot::Sender<()>>,
}

/// The right to have one call in flight. Dropping it returns the slot.
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    /// Free slots; `None` if calls are not limited.
    pub fn new(settings: &ApiSettings) -> Option<Self> {
        let (free, patience) = settings.slots?;
        let line = VecDeque::new();
        Some(Slots {
            state: Mutex::new(State { free, line }),
            patience,
            settings: *settings,
        })
    }

    /// Waits for a slot; `None` if that takes too long.
    pub async fn take(&self) -> Option<Slot<'_>> {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Some(Slot(self));
            }
            let (sender, turn) = oneshot::channel();
            state.line.push_back(sender);
            turn
        };
        match timeout(self.patience, turn).await {
            Ok(Ok(())) => Some(Slot(self)),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    fn give_back(&self) {
        let mut state = self.state();
        while let Some(next) = state.line.pop_front() {
            // BUG leaked-slots: a call that gave up also gets the slot, and never returns it.
            if next.send(()).is_ok() || self.settings.is(Variant::LeakedSlots) {
                return;
            }
        }
        state.free += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change can panic half-way, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}
