//! Log lines of which there may be many, up to a bound.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Log;

/// Over what time the lines are counted.
const WINDOW: Duration = Duration::from_millis(500);

/// Writes to a log, but no more than so many lines in half a second; the others are dropped.
pub(super) struct LimitedLog {
    log: Log,
    most: u32,
    window: Mutex<(Option<Instant>, u32)>,
}

impl LimitedLog {
    /// Bounded to `most` lines in half a second.
    pub fn new(log: Log, most: u32) -> Self {
        LimitedLog {
            log,
            most,
            window: Mutex::default(),
        }
    }

    /// Writes a line, if there is room for one.
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
