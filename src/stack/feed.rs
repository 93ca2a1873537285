//! A bounded queue of a driver's observations.
//!
//! A service that logs faster than its lines are processed must neither be slowed down, which would
//! disturb the measurement, nor fill this machine's memory. So lines beyond the bound are dropped
//! and counted ([`Observation::LinesDropped`]). Exits and starts are never dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::Observation;

/// The bound on lines in the queue, in bytes.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// The memory of a line in addition to its text.
const PER_LINE_BYTES: usize = 128;

/// The two ends of a new queue.
pub fn feed() -> (Feed, Observations) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    let feed = Feed {
        sender,
        waiting: Arc::clone(&waiting),
    };
    (feed, Observations { receiver, waiting })
}

/// The sending end, for the driver.
#[derive(Debug)]
pub struct Feed {
    sender: UnboundedSender<Observation>,
    waiting: Arc<Waiting>,
}

/// The receiving end: a driver's observations in order.
#[derive(Debug)]
pub struct Observations {
    receiver: UnboundedReceiver<Observation>,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Feed {
    /// Adds an observation. Returns `false` if the receiver is gone.
    pub fn send(&self, observation: Observation) -> bool {
        if let Some(cost) = cost(&observation) {
            let waiting = self.waiting.bytes.fetch_add(cost, Ordering::Relaxed);
            if waiting + cost > MAX_WAITING_BYTES {
                self.waiting.bytes.fetch_sub(cost, Ordering::Relaxed);
                self.waiting.dropped.fetch_add(1, Ordering::Relaxed);
                return !self.sender.is_closed();
            }
        }
        self.sender.send(observation).is_ok()
    }

    /// Waits until the receiver is gone.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}

impl Observations {
    /// Waits for the next observation; `None` if there will be no more.
    pub async fn recv(&mut self) -> Option<Observation> {
        match self.dropped() {
            None => {
                let observation = self.receiver.recv().await?;
                Some(self.taken(observation))
            }
            notice => notice,
        }
    }

    /// The next observation, if there is one already.
    pub fn try_recv(&mut self) -> Option<Observation> {
        self.dropped().or_else(|| {
            let observation = self.receiver.try_recv().ok()?;
            Some(self.taken(observation))
        })
    }

    /// Dropped lines are reported before the queued observations, which are about as old.
    fn dropped(&self) -> Option<Observation> {
        match self.waiting.dropped.swap(0, Ordering::Relaxed) {
            0 => None,
            lines => Some(Observation::LinesDropped(lines)),
        }
    }

    fn taken(&self, observation: Observation) -> Observation {
        if let Some(cost) = cost(&observation) {
            self.waiting.bytes.fetch_sub(cost, Ordering::Relaxed);
        }
        observation
    }
}

/// How much an observation counts against the bound; `None` if it is not a line.
fn cost(observation: &Observation) -> Option<usize> {
    match observation {
        Observation::Log { line, .. } => Some(line.len() + PER_LINE_BYTES),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Observation {
        Observation::Log {
            line: text.to_owned(),
            source_at: None,
        }
    }

    #[tokio::test]
    async fn lines_that_nobody_takes_are_left_out_and_counted_and_nothing_else_is() {
        let (feed, mut seen) = feed();
        let long = "x".repeat(1 << 20);
        for _ in 0..10 {
            assert!(feed.send(line(&long)));
        }
        assert!(feed.send(Observation::Paused(true)));
        // Four times the text and the cost of each line are more than the bound.
        assert_eq!(seen.recv().await, Some(Observation::LinesDropped(7)));
        for _ in 0..3 {
            assert_eq!(seen.recv().await, Some(line(&long)));
        }
        assert_eq!(seen.recv().await, Some(Observation::Paused(true)));
        assert!(feed.send(line("there is room again")));
        assert_eq!(seen.try_recv(), Some(line("there is room again")));
        assert_eq!(seen.try_recv(), None);
        drop(seen);
        assert!(!feed.send(Observation::Paused(false)));
    }
}
