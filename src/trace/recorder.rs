//! The recorder of a trial: it numbers every event, and writes it as it happens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::lag::{Measure, Withheld};
use super::writer::KindText;
use super::{Event, EventKind, Moment, Phase, Redaction, TraceError, TraceWriter};
use crate::watched;

/// Gives every event its number and time, keeps it, and writes it to the trace as it happens.
/// Clones share one history.
///
/// Recording never fails for the caller: the first error of the file becomes an event, which makes
/// the trial inconclusive.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    redaction: Redaction,
    max_trace_bytes: u64,
    /// Whether there was a writer at the beginning.
    is_written: bool,
    state: Mutex<State>,
    length: watched::Sender<usize>,
    withheld: Withheld,
}

#[derive(Debug)]
struct State {
    /// The latest events; those before them were forgotten.
    events: Vec<Event>,
    forgotten: usize,
    /// The earliest time that the next event may have.
    earliest_us: u64,
    writer: Option<TraceWriter>,
    /// Whether the trace has outgrown its cap. Log lines are then dropped: an endless log must not
    /// fill the memory instead of the disk.
    is_full: bool,
}

/// Follows a history event by event, waiting for those to come. It misses none.
#[derive(Debug)]
pub struct Follower {
    recorder: Recorder,
    length: watched::Receiver<usize>,
    next: usize,
}

impl Recorder {
    /// Starts the trial's clock. Without a writer, the history is only kept in memory.
    pub fn new(writer: Option<TraceWriter>, redaction: Redaction, max_trace_bytes: u64) -> Self {
        Recorder(Arc::new(Shared {
            began: Instant::now(),
            redaction,
            max_trace_bytes,
            is_written: writer.is_some(),
            state: Mutex::new(State {
                events: Vec::new(),
                forgotten: 0,
                earliest_us: 0,
                writer,
                is_full: false,
            }),
            length: watched::Sender::new(0),
            withheld: Withheld::new(),
        }))
    }

    /// Records an event now and returns its `seq`.
    ///
    /// No two events have the same time: if the clock has not advanced (a simulated one often
    /// stands still), the later event is a microsecond later. So times have the order of
    /// observation.
    pub fn record(&self, mut kind: EventKind) -> u64 {
        self.redact(&mut kind);
        // Made before the lock is held, for which the tasks that send requests would wait.
        let text = self.0.is_written.then(|| KindText::of(&kind));
        let mut state = self.lock();
        if state.is_full && matches!(kind, EventKind::Log { .. }) {
            return state.next() as u64;
        }
        // The time is read under the lock, so that the order of `seq` is the order of `at_us`.
        let event = state.event(self.now_us(), kind);
        let seq = event.seq;
        if let Some(span) = event.withheld() {
            self.0.withheld.add(span);
        }
        let failure = text.and_then(|text| self.write(&mut state, event.moment(), text));
        state.events.push(event);
        if let Some(message) = failure {
            // This can no longer be written, but the followers in memory must know.
            let event = state.unwritten(self.now_us(), message);
            state.events.push(event);
        }
        self.0.length.send_replace(state.next());
        seq
    }

    /// Records that a phase of the trial begins, and returns the event's `seq`.
    pub fn phase(&self, phase: Phase) -> u64 {
        self.record(EventKind::Phase { phase })
    }

    /// Records that something went wrong with the harness or the environment.
    pub fn trouble(&self, during: &str, message: String) {
        let during = during.to_owned();
        self.record(EventKind::Trouble { during, message });
    }

    /// Microseconds since the trial began.
    pub fn now_us(&self) -> u64 {
        self.at_us(Instant::now())
    }

    /// An instant as microseconds since the trial began.
    pub fn at_us(&self, instant: Instant) -> u64 {
        instant.saturating_duration_since(self.0.began).as_micros() as u64
    }

    /// All time withheld until then is recorded, by one measure. With `None`, it is no longer
    /// taken.
    pub fn measured_until(&self, measure: Measure, until: Option<Instant>) {
        self.0.withheld.known_until(measure, until);
    }

    /// Waits until a limit has passed since a moment, not counting the time that this machine
    /// withheld meanwhile. This is how long to wait for an answer. See
    /// [`Spans::later`](super::Spans::later).
    pub async fn pass(&self, since: Instant, limit: Duration) {
        let (since_us, limit_us) = (self.at_us(since), limit.as_micros() as u64);
        let mut extension = Duration::ZERO;
        loop {
            let deadline = since + limit + extension;
            sleep_until(deadline).await;
            self.0.withheld.settled(deadline).await;
            let later_us = self.0.withheld.later(since_us, limit_us);
            let needed = Duration::from_micros(later_us - since_us - limit_us);
            if needed <= extension {
                return;
            }
            extension = needed;
        }
    }

    /// Everything recorded so far.
    pub fn history(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// Follows the history from a `seq` on.
    pub fn follow_from(&self, seq: u64) -> Follower {
        Follower {
            recorder: self.clone(),
            length: self.0.length.subscribe(),
            next: seq as usize,
        }
    }

    /// The `seq` of the next event.
    pub fn next_seq(&self) -> u64 {
        self.lock().next() as u64
    }

    /// Forgets the events before a `seq`, to save memory in endless runs. A follower that is not
    /// yet past it misses them.
    pub fn forget_before(&self, seq: u64) {
        let mut state = self.lock();
        let count = (seq as usize).saturating_sub(state.forgotten);
        let count = count.min(state.events.len());
        state.events.drain(..count);
        state.forgotten += count;
    }

    /// Waits until all that was recorded before this call is on the disk. The lock is not held, so
    /// that events can be recorded meanwhile.
    ///
    /// # Errors
    /// When the sync fails.
    pub async fn sync(&self) -> Result<(), TraceError> {
        let synced = self.lock().writer.as_ref().map(TraceWriter::sync);
        match synced {
            Some(synced) => synced.await,
            None => Ok(()),
        }
    }

    /// The whole history, and its file, which still lacks the verdict. There is no file if writing
    /// failed. Later events (an observer may just be about to record one) are in neither: the
    /// verdict must be reproducible from the file.
    pub fn finish(&self) -> (Vec<Event>, Option<TraceWriter>) {
        let mut state = self.lock();
        let mut writer = state.writer.take();
        if let Some(Err(error)) = writer.as_ref().map(TraceWriter::flush) {
            let event = state.unwritten(self.now_us(), error.to_string());
            state.events.push(event);
            writer = None;
        }
        state.forgotten = state.next();
        (std::mem::take(&mut state.events), writer)
    }

    /// Writes one event. After the first failure, which is returned, nothing is written any more.
    fn write(&self, state: &mut State, place: Moment, kind: KindText) -> Option<String> {
        let writer = state.writer.as_mut()?;
        let failure = match writer.event_of(place, kind) {
            Err(error) => error.to_string(),
            Ok(()) if writer.written_bytes() <= self.0.max_trace_bytes => return None,
            Ok(()) => {
                state.is_full = true;
                let cap = self.0.max_trace_bytes;
                format!("the trace has outgrown its cap of {cap} bytes")
            }
        };
        state.writer = None;
        Some(failure)
    }

    fn redact(&self, kind: &mut EventKind) {
        for text in kind.foreign_texts() {
            *text = self.0.redaction.apply(text);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is fine: a panic cannot leave an incomplete event behind, since pushing
        // it is the last step.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next event.
    fn event(&mut self, now_us: u64, kind: EventKind) -> Event {
        let at_us = now_us.max(self.earliest_us);
        self.earliest_us = at_us + 1;
        Event {
            seq: self.next() as u64,
            at_us,
            kind,
        }
    }

    /// The event that the trace cannot be written.
    fn unwritten(&mut self, now_us: u64, message: String) -> Event {
        let during = "writing the trace".to_owned();
        self.event(now_us, EventKind::Trouble { during, message })
    }

    /// The `seq` of the next event.
    fn next(&self) -> usize {
        self.forgotten + self.events.len()
    }

    /// The first remembered event from a `seq` on.
    fn at_or_after(&self, seq: usize) -> Option<&Event> {
        self.events.get(seq.saturating_sub(self.forgotten))
    }
}

impl Follower {
    /// The next event, as soon as there is one.
    pub async fn next(&mut self) -> Event {
        self.find(|event| Some(event.clone())).await
    }

    /// The first thing that is made of a coming event, as soon as there is one. `make` is called
    /// for one event after the other, with the history locked, so that no event is copied of which
    /// nothing is made.
    pub async fn find<T>(&mut self, mut make: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.find_known(&mut make) {
                return found;
            }
            // This cannot fail: the sender is in the recorder that this follower holds.
            let _ = self.length.changed().await;
        }
    }

    fn find_known<T>(&mut self, make: &mut impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let state = self.recorder.lock();
        while let Some(event) = state.at_or_after(self.next) {
            self.next = event.seq as usize + 1;
            if let Some(found) = make(event) {
                return Some(found);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::redact::Secret;
    use crate::trace::Mismatch;

    #[tokio::test(start_paused = true)]
    async fn the_order_of_events_is_the_order_of_their_times_also_while_the_clock_stands_still() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        for wait_ms in [0, 0, 1, 0] {
            sleep(Duration::from_millis(wait_ms)).await;
            recorder.record(EventKind::Interrupted);
        }
        let times: Vec<_> = recorder.history().iter().map(|e| e.at_us).collect();
        assert_eq!(times, [0, 1, 1_000, 1_001]);
    }

    #[test]
    fn what_an_answer_says_and_what_was_expected_holds_no_secret() {
        let secret = Secret::of_variable("PASSWORD", "hunter2-and-more");
        let recorder = Recorder::new(None, Redaction::new(&[secret], 2_000), u64::MAX);
        let mismatch = Mismatch {
            place: "/hunter2-and-more".to_owned(),
            expected: "is hunter2-and-more".to_owned(),
            got: Some("was hunter2-and-more".to_owned()),
            asked_by: None,
        };
        let request = 0;
        recorder.record(EventKind::Mismatched { request, mismatch });
        let told = serde_json::to_string(&recorder.history()).unwrap();
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(told.matches("${PASSWORD}").count(), 3, "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_forgotten_leaves_the_numbering_and_the_followers_as_they_are() {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let mut late = recorder.follow_from(0);
        for _ in 0..5 {
            recorder.record(EventKind::Interrupted);
        }
        let mut current = recorder.follow_from(3);
        recorder.forget_before(3);
        recorder.forget_before(2);
        assert_eq!(recorder.record(EventKind::Interrupted), 5);
        assert_eq!(recorder.history().len(), 3);
        assert_eq!(current.next().await.seq, 3);
        assert_eq!(late.next().await.seq, 3);
        assert_eq!(late.next().await.seq, 4);
    }
}
