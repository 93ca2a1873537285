//! Bytes on their way, each chunk with the time at which it arrives.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The most bytes that are on their way at once in one direction of a connection. What comes then
/// waits at its sender, so a latency also limits the throughput, as on a long cable.
const CAPACITY: usize = 4 << 20;

/// How far ahead of a rate limit bytes are taken from the sender.
const AHEAD: Duration = Duration::from_millis(20);

/// The largest chunk.
pub(super) const CHUNK: usize = 16 << 10;

/// A cable with a latency and a rate.
#[derive(Debug, Default)]
pub(super) struct DelayLine {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// When the last byte has entered the cable, at the rate.
    entered: Option<Instant>,
}

impl DelayLine {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Puts a chunk onto the cable. An empty one stands for the end.
    pub(super) fn push(&mut self, chunk: &[u8], latency: Duration, rate: Option<u64>) {
        let now = Instant::now();
        let begins = self.entered.map_or(now, |entered| entered.max(now));
        let takes = rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(chunk.len() as f64 / rate.max(1) as f64)
        });
        let entered = begins + takes;
        self.entered = Some(entered);
        self.bytes += chunk.len();
        self.chunks.push_back((entered + latency, chunk.to_vec()));
    }

    /// Takes the next chunk that has arrived.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let (due, _) = self.chunks.front()?;
        if *due > Instant::now() {
            return None;
        }
        let (_, chunk) = self.chunks.pop_front()?;
        self.bytes -= chunk.len();
        Some(chunk)
    }

    /// How many bytes may be put onto the cable now.
    pub(super) fn room(&self, rate: Option<u64>) -> usize {
        let is_ahead = self
            .entered
            .is_some_and(|entered| entered > Instant::now() + AHEAD);
        if is_ahead || self.bytes >= CAPACITY {
            return 0;
        }
        // A small chunk at a time, so that a low rate is even.
        let even = rate.map_or(CHUNK as u64, |rate| (rate / 100).max(1));
        CHUNK.min(usize::try_from(even).unwrap_or(CHUNK))
    }

    /// When something arrives, or there is room again.
    pub(super) fn next_at(&self, wants_room: bool) -> Option<Instant> {
        let arrives = self.chunks.front().map(|(due, _)| *due);
        let room = self.entered.and_then(|entered| entered.checked_sub(AHEAD));
        match (
            arrives,
            room.filter(|_| wants_room && self.bytes < CAPACITY),
        ) {
            (Some(arrives), Some(room)) => Some(arrives.min(room)),
            (arrives, room) => arrives.or(room),
        }
    }

    /// Lets everything arrive at once.
    pub(super) fn hurry(&mut self) {
        let now = Instant::now();
        for (due, _) in &mut self.chunks {
            *due = now.min(*due);
        }
        self.entered = None;
    }
}
