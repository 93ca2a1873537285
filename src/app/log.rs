//! The demo's log.

use std::fmt;
use std::sync::Arc;

/// A service's log. Clones write to the same sink.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// A log that passes every line to `sink`, which must not block.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Log(Arc::new(sink))
    }

    /// Writes a line.
    pub fn line(&self, text: impl fmt::Display) {
        (self.0)(&text.to_string());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
