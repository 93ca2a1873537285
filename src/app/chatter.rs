//! A rate limit for log lines.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Log;

/// The window in which lines are counted.
const WINDOW: Duration = Duration::from_millis(500);

/// Writes to a log, and drops lines beyond a maximum per [`WINDOW`].
pub(super) struct Chatter {
    log: Log,
    most: u32,
    window: Mutex<(Option<Instant>, u32)>,
}

impl Chatter {
    /// Writes at most `most` lines per [`WINDOW`].
    pub fn new(log: Log, most: u32) -> Self {
        Chatter {
            log,
            most,
            window: Mutex::default(),
        }
    }

    /// Writes a line, unless there were too many.
    pub fn line(&self, text: impl fmt::Display) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, count) = *window;
        if began.is_none_or(|began| began.elapsed() >= WINDOW) {
            *window = (Some(Instant::now()), 0);
        } else {
            *window = (began, count + 1);
        }
        if window.1 < self.most {
            self.log.line(text);
        }
    }
}
