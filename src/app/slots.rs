//! A bound on the calls under way: each takes a slot, or waits in line for one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{ApiSettings, Variant};

/// As many slots as the settings say.
pub(super) struct Slots {
    state: Mutex<State>,
    patience: Duration,
    settings: ApiSettings,
}

struct State {
    free: usize,
    /// Who waits, first come first served.
    line: VecDeque<oneshot::Sender<()>>,
}

/// The right to have one call under way. It is given back when it is dropped.
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    /// All slots, free; none where calls are not bounded.
    pub fn new(settings: &ApiSettings) -> Option<Self> {
        let (free, patience) = settings.slots?;
        let line = VecDeque::new();
        Some(Slots {
            state: Mutex::new(State { free, line }),
            patience,
            settings: *settings,
        })
    }

    /// A slot, as soon as there is one; none when that takes too long.
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
            // BUG leaked-slots: who gave up is passed the slot all the same, and gives nothing
            // back.
            if next.send(()).is_ok() || self.settings.is(Variant::LeakedSlots) {
                return;
            }
        }
        state.free += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change of it can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}
