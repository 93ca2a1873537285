//! The observers of a service, and its output lines on their way to them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, BufReader};

use crate::stack::feed::{Feed, Observations, feed};
use crate::stack::{Observation, log_lines};

/// How many of a service's last lines are kept: enough for a panic or a traceback.
const LAST_LINES: usize = 40;

/// How much of each of these lines is kept, in characters.
const LAST_LINE_CHARS: usize = 400;

/// The observers of a service, and its last lines. Clones share both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    observers: Vec<Feed>,
    last_lines: VecDeque<String>,
}

impl Observers {
    pub fn subscribe(&self) -> Observations {
        let (feed, observations) = feed();
        self.with(|told| told.observers.push(feed));
        observations
    }

    /// Sends an observation to all observers that still listen.
    pub fn tell(&self, observation: &Observation) {
        self.with(|told| {
            match observation {
                Observation::Started { .. } => told.last_lines.clear(),
                Observation::Log { line, .. } => told.keep(line),
                _ => {}
            }
            let observers = &mut told.observers;
            observers.retain(|observer| observer.send(observation.clone()));
        });
    }

    /// The last lines since the last start.
    pub fn last_lines(&self) -> Vec<String> {
        self.with(|told| told.last_lines.iter().cloned().collect())
    }

    /// Forwards every line of `output` until it ends.
    pub async fn forward(self, output: impl AsyncRead + Unpin) {
        let mut output = BufReader::new(output);
        // After an error nothing more can be read.
        while let Ok(Some(line)) = log_lines::next(&mut output).await {
            self.tell(&Observation::Log {
                line,
                source_at: None,
            });
        }
    }

    fn with<T>(&self, with: impl FnOnce(&mut Told) -> T) -> T {
        // No change can panic half-way, so a poisoned state is consistent.
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
