//! The bounds of a recorded history, which a trace file must respect.
//!
//! The [recorder](super::Recorder) numbers events in order, its clock never goes back, and nothing
//! takes longer than a year. The code that judges a history subtracts such times and adds limits to
//! them. A file that violates these bounds is refused when it is read, with its line number.
//! Otherwise each of these sums could overflow.

use super::{Event, EventKind, Header};
use crate::model::Act;
use crate::model::ceiling::{self, LONGEST, LONGEST_WORDS};

/// The longest time, in microseconds.
const LONGEST_US: u64 = LONGEST.as_micros() as u64;

/// The largest count, such as of bytes or of microseconds of many processors: the largest whole
/// number that every JSON reader accepts. A thousand of these still fit into 64 bits.
const MOST: u64 = 1 << 53;

/// How far a history has been read: the smallest `seq` of the next event, and the time of the last
/// one.
#[derive(Debug, Default)]
pub(super) struct Order {
    next_seq: u64,
    at_us: u64,
}

impl Order {
    /// Checks the order of the next event; the error says what is wrong with it. Gaps are allowed:
    /// a trace from which lines were removed can still be judged.
    pub fn next(&mut self, &Event { seq, at_us, .. }: &Event) -> Result<(), String> {
        let next_seq = self.next_seq;
        if seq < next_seq || seq > MOST {
            return Err(format!(
                "its `seq` is {seq}, and must be from {next_seq} to {MOST}: events are numbered in order"
            ));
        }
        if at_us < self.at_us {
            let before_us = self.at_us;
            return Err(format!(
                "its `at_us` is {at_us}, earlier than {before_us} of the event before it"
            ));
        }
        let next_seq = seq + 1;
        *self = Order { next_seq, at_us };
        Ok(())
    }
}

impl Event {
    /// Checks its numbers; the error says what is wrong with them.
    pub(super) fn check(&self) -> Result<(), String> {
        let ([one, other], counts) = self.kind.numbers();
        let us = [self.at_us, one, other].into_iter().max().unwrap_or(0);
        if us > LONGEST_US {
            return Err(format!(
                "it has a time of {us} microseconds, and no time may be longer than {LONGEST_WORDS}"
            ));
        }
        let count = counts.into_iter().max().unwrap_or(0);
        if count > MOST {
            return Err(format!(
                "it has the number {count}, and no number may be above {MOST}"
            ));
        }
        Ok(())
    }
}

impl EventKind {
    /// Its times in microseconds, and its counts; zeros fill the rest. Every kind is listed, so
    /// that a new one does not compile until its numbers are listed, too. The number of a request
    /// is a name, and not checked.
    fn numbers(&self) -> ([u64; 2], [u64; 4]) {
        let times = |one: &u64, other: &u64| ([*one, *other], [0; 4]);
        let counts = |one: &u64| ([0; 2], [*one, 0, 0, 0]);
        match self {
            EventKind::Sent { intended_us, .. } => times(intended_us, &0),
            EventKind::Accepted { latency_us, .. }
            | EventKind::Polled { latency_us, .. }
            | EventKind::Ended { latency_us, .. } => times(latency_us, &0),
            EventKind::PollLost { waited_us, .. } => times(waited_us, &0),
            EventKind::FaultIntent { act, .. } => times(&grace_us(*act), &0),
            EventKind::FaultActed { act, took_us, .. } => times(&grace_us(*act), took_us),
            EventKind::Ready { not_ready_us, .. } => times(not_ready_us, &0),
            EventKind::Lag { late_us } => times(late_us, &0),
            EventKind::Waited {
                waited_us, over_us, ..
            } => times(waited_us, over_us),
            EventKind::Crowded { percent, over_us } => ([*over_us, 0], [*percent, 0, 0, 0]),
            EventKind::LookedBack { polls, over_us } => ([*over_us, 0], [*polls, 0, 0, 0]),
            EventKind::LogDropped { lines, .. } => counts(lines),
            EventKind::LinkClosed {
                to_backend_bytes,
                from_backend_bytes,
                ..
            } => ([0; 2], [*to_backend_bytes, *from_backend_bytes, 0, 0]),
            EventKind::LinkCounted { opened, closed, .. } => ([0; 2], [*opened, *closed, 0, 0]),
            EventKind::Resources {
                cpu_us,
                memory_bytes,
                fds,
                threads,
                ..
            } => {
                let or_zero = |number: &Option<u64>| number.unwrap_or(0);
                let used = [or_zero(memory_bytes), or_zero(fds), or_zero(threads)];
                ([0; 2], [*cpu_us, used[0], used[1], used[2]])
            }
            EventKind::Phase { .. }
            | EventKind::StepStarted { .. }
            | EventKind::StepEnded { .. }
            | EventKind::StepSkipped { .. }
            | EventKind::Mismatched { .. }
            | EventKind::NotReady { .. }
            | EventKind::Exited { .. }
            | EventKind::Started { .. }
            | EventKind::Paused { .. }
            | EventKind::LinkOpened { .. }
            | EventKind::LinkFailed { .. }
            | EventKind::LinkFirstByte { .. }
            | EventKind::Log { .. }
            | EventKind::Trouble { .. }
            | EventKind::Decided
            | EventKind::Interrupted
            | EventKind::Other(_) => times(&0, &0),
        }
    }
}

fn grace_us(act: Act) -> u64 {
    u64::try_from(act.grace().as_micros()).unwrap_or(u64::MAX)
}

impl Header {
    /// Checks its numbers; the error says what is wrong with them.
    pub(super) fn check(&self) -> Result<(), String> {
        self.limits.check().map_err(|error| error.to_string())?;
        let pause = std::time::Duration::from_millis(self.probe_every_ms);
        let bounded = ceiling::bounded(pause).map(drop);
        bounded.map_err(|error| format!("`probe_every_ms`: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{FaultKind, Limits};
    use crate::trace::Trace;
    use crate::trace::script::Script;

    /// A short trace, each line a document.
    fn lines() -> Vec<Value> {
        let trace = Script::new(&["sync"])
            .good(20, 0, "sync")
            .fault("f1", FaultKind::Kill, 30, 80)
            .finish(100);
        let plan = json!({"plan": trace.plan});
        let events = trace.events.iter().map(|event| json!(event));
        [json!(trace.header), plan]
            .into_iter()
            .chain(events)
            .collect()
    }

    fn read(lines: &[Value]) -> Result<Trace, String> {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let trace = Trace::parse(Path::new("t.jsonl"), text.as_bytes());
        trace.map_err(|error| error.to_string())
    }

    #[track_caller]
    fn assert_refused(change: impl Fn(&mut Vec<Value>), words: &str) {
        let mut lines = lines();
        read(&lines).unwrap();
        change(&mut lines);
        let error = read(&lines).unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn events_are_numbered_in_order_and_some_may_be_missing() {
        let again = |lines: &mut Vec<Value>| lines.insert(5, lines[4].clone());
        assert_refused(again, "line 6: its `seq` is 2, and must be from 3");
        let absurd = |lines: &mut Vec<Value>| lines[3]["seq"] = json!(u64::MAX);
        assert_refused(absurd, "line 4: its `seq` is 18446744073709551615");
        let mut thinned = lines();
        thinned.remove(4);
        read(&thinned).unwrap();
    }

    #[test]
    fn time_does_not_go_back() {
        let back = |lines: &mut Vec<Value>| lines[5]["at_us"] = json!(7);
        assert_refused(back, "line 6: its `at_us` is 7");
    }

    #[test]
    fn no_time_of_an_event_is_longer_than_a_year() {
        for place in 2..lines().len() {
            for name in [
                "at_us",
                "intended_us",
                "latency_us",
                "not_ready_us",
                "took_us",
            ] {
                if lines()[place].get(name).is_some() {
                    let absurd =
                        |lines: &mut Vec<Value>| lines[place][name] = json!(LONGEST_US + 1);
                    assert_refused(absurd, "366 days");
                }
            }
        }
    }

    #[test]
    fn no_number_of_a_header_is_absurd() {
        let limits = json!(Limits::default());
        for (name, value) in limits.as_object().unwrap() {
            let parts = value.as_object().into_iter().flat_map(|parts| parts.keys());
            let mut places: Vec<String> =
                parts.map(|part| format!("/limits/{name}/{part}")).collect();
            if places.is_empty() && name != "error_bodies" {
                places.push(format!("/limits/{name}"));
            }
            for place in places {
                let absurd = |lines: &mut Vec<Value>| {
                    *lines[0].pointer_mut(&place).unwrap() = json!(u64::MAX);
                };
                assert_refused(absurd, "at most");
            }
        }
        let absurd = |lines: &mut Vec<Value>| lines[0]["probe_every_ms"] = json!(u64::MAX);
        assert_refused(absurd, "366 days");
    }
}
