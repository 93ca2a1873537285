//! What the controller is told, and how much of it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::Sight;

/// The most sights that are told one by one in a second.
const MOST_PER_SECOND: u32 = 200;

/// Tells the controller what is seen, if there is one.
#[derive(Debug, Default)]
pub(super) struct Eyes(Mutex<Option<Watcher>>);

#[derive(Debug)]
struct Watcher {
    sights: UnboundedSender<Sight>,
    /// How many may still be told in this second.
    left: u32,
    opened: u64,
    closed: u64,
}

impl Eyes {
    /// Tells this one from now on.
    pub(super) fn open(&self, sights: UnboundedSender<Sight>) {
        let watcher = Watcher {
            sights,
            left: MOST_PER_SECOND,
            opened: 0,
            closed: 0,
        };
        self.with(|current| *current = Some(watcher));
    }

    /// Tells nobody any more.
    pub(super) fn close(&self) {
        self.with(|current| *current = None);
    }

    /// Tells it, or counts it.
    pub(super) fn tell(&self, sight: Sight) {
        self.with(|current| {
            let Some(watcher) = current else { return };
            if let Some(left) = watcher.left.checked_sub(1) {
                watcher.left = left;
                // The controller may just have gone.
                let _ = watcher.sights.send(sight);
                return;
            }
            match sight {
                Sight::Opened { .. } => watcher.opened += 1,
                Sight::Failed { .. } | Sight::Closed { .. } => watcher.closed += 1,
                Sight::FirstByte { .. } | Sight::Counted { .. } => {}
            }
        });
    }

    /// Tells what was only counted, and begins a new second.
    pub(super) fn next_second(&self) {
        self.with(|current| {
            let Some(watcher) = current else { return };
            watcher.left = MOST_PER_SECOND;
            let opened = std::mem::take(&mut watcher.opened);
            let closed = std::mem::take(&mut watcher.closed);
            if opened + closed > 0 {
                let _ = watcher.sights.send(Sight::Counted { opened, closed });
            }
        });
    }

    fn with(&self, act: impl FnOnce(&mut Option<Watcher>)) {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
