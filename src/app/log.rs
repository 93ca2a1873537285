//! Where the demo's log lines go.

use std::fmt;
use std::sync::Arc;

/// Takes a service's log, line by line. Clones write to the same place.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// A log whose every line is given to `sink`, which must not wait.
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
