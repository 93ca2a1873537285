//! Those who want to know what happens to a service, and the lines of its output on their way to them.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::mpsc;

use crate::stack::Observation;

/// A longer line arrives in pieces of this many bytes.
const MAX_LINE: u64 = 64 << 10;

/// Everybody who observes one service. Clones share the list.
#[derive(Debug, Clone, Default)]
pub(in crate::stack) struct Observers(Arc<Mutex<Vec<mpsc::UnboundedSender<Observation>>>>);

impl Observers {
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Observation> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|list| list.push(sender));
        receiver
    }

    /// Tells all who still listen.
    pub fn tell(&self, observation: &Observation) {
        self.with(|list| list.retain(|observer| observer.send(observation.clone()).is_ok()));
    }

    /// Forwards every line of `output` until it ends.
    pub async fn forward(self, output: impl AsyncRead + Unpin) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            // An error is an end as well: nothing more can be read from it.
            match (&mut output)
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
                .await
            {
                Ok(0) | Err(_) => return,
                Ok(_) => self.tell(&Observation::Log {
                    line: String::from_utf8_lossy(&line)
                        .trim_end_matches(['\r', '\n'])
                        .to_owned(),
                    source_at: None,
                }),
            }
        }
    }

    fn with(&self, change: impl FnOnce(&mut Vec<mpsc::UnboundedSender<Observation>>)) {
        // A panic while the lock was held cannot have left the list in a bad state.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
