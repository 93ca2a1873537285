//! Those who want to know what happens to a service, and the lines of its output on their way to them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::mpsc;

use crate::stack::Observation;

/// A longer line arrives in pieces of this many bytes.
const MAX_LINE: u64 = 64 << 10;

/// How many of a service's last lines are kept: enough for a panic or a traceback.
const LAST_LINES: usize = 40;

/// How much is kept of each of them, in characters.
const LAST_LINE_CHARS: usize = 400;

/// Everybody who observes one service, and what it said last. Clones share both.
#[derive(Debug, Clone, Default)]
pub(in crate::stack) struct Observers(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    observers: Vec<mpsc::UnboundedSender<Observation>>,
    last_lines: VecDeque<String>,
}

impl Observers {
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Observation> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|told| told.observers.push(sender));
        receiver
    }

    /// Tells all who still listen.
    pub fn tell(&self, observation: &Observation) {
        self.with(|told| {
            match observation {
                Observation::Started { .. } => told.last_lines.clear(),
                Observation::Log { line, .. } => told.keep(line),
                _ => {}
            }
            let observers = &mut told.observers;
            observers.retain(|observer| observer.send(observation.clone()).is_ok());
        });
    }

    /// The last lines since the last start.
    pub fn last_lines(&self) -> Vec<String> {
        self.with(|told| told.last_lines.iter().cloned().collect())
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

    fn with<T>(&self, with: impl FnOnce(&mut Told) -> T) -> T {
        // A panic while the lock was held cannot have left the list in a bad state.
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Told {
    fn keep(&mut self, line: &str) {
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        let line = line.chars().take(LAST_LINE_CHARS).collect();
        self.last_lines.push_back(line);
    }
}
