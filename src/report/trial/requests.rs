//! The requests of a trial as short rows. A report reads long traces without keeping their events,
//! so its rows cannot borrow from these as those of [`View`](crate::trace::View) do.

use std::collections::BTreeMap;

use crate::model::{Outcome, UnknownReason};
use crate::trace::{Event, EventKind, InFlight, Moment, Span, sustained};

/// How many different messages are kept. Further ones are replaced by [`OTHER`].
const MOST_MESSAGES: usize = 2_000;
/// How many characters of a message are kept.
const MOST_OF_A_MESSAGE: usize = 300;
/// The replacement for messages that are not kept.
const OTHER: &str = "(one of too many different messages to list)";

/// The requests of a trial, in order of sending.
#[derive(Debug, Default)]
pub struct Requests {
    rows: Vec<Row>,
    /// The index of the row of each request in flight.
    in_flight: InFlight<usize>,
    /// The names of the request kinds, by their number in a row.
    pub kinds: Names,
    /// The origins of requests, by their number in a row.
    pub origins: Names,
    /// The messages about requests, by their number in a row.
    pub messages: Names,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its number.
    pub id: u64,
    /// When it was due, in microseconds since the trial began.
    pub intended_us: u64,
    /// When it was sent.
    pub sent: Moment,
    /// When it was accepted as a job, in microseconds since the trial began.
    pub accepted_us: Option<u64>,
    /// When it ended.
    pub end: Option<Moment>,
    /// How it ended, `ok`, `failed` or `unknown`, and its latency in microseconds.
    pub ended: Option<(&'static str, u64)>,
    /// Why it has no answer; none if it has one, or has not ended.
    pub unanswered: Option<UnknownReason>,
    /// The number of its kind.
    pub kind: u32,
    /// The number of its origin.
    pub origin: u32,
    /// The number of its message.
    pub message: u32,
}

impl Row {
    /// From its intended send to its end; to `u64::MAX` if it has not ended.
    pub fn span(&self) -> Span {
        Span {
            from_us: self.intended_us,
            to_us: self.end.map_or(u64::MAX, |end| end.at_us),
        }
    }
}

/// Distinct texts, each with a number.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Names {
    /// The texts in the order of their numbers.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

impl Requests {
    /// The rows in order of sending.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Reads an event, and returns whether it belongs to a request.
    pub fn take(&mut self, event: &Event) -> bool {
        let moment = event.moment();
        let ended = self.in_flight.read(event, || self.rows.len());
        match &event.kind {
            EventKind::Sent {
                request,
                origin,
                kind,
                intended_us,
                ..
            } => {
                self.rows.push(Row {
                    id: *request,
                    intended_us: *intended_us,
                    sent: moment,
                    accepted_us: None,
                    end: None,
                    ended: None,
                    unanswered: None,
                    kind: self.kinds.number(kind),
                    origin: self.origins.number(&origin.to_string()),
                    message: self.messages.number(""),
                });
            }
            EventKind::Accepted { request, .. } => {
                if let Some(open) = self.in_flight.get_mut(*request) {
                    self.rows[open.kept].accepted_us = open.accepted_us;
                }
            }
            EventKind::Mismatched { request, mismatch } => {
                let message = self.message(&format!("answered with {mismatch}"));
                if let Some(open) = self.in_flight.get_mut(*request) {
                    self.rows[open.kept].message = message;
                }
            }
            EventKind::Ended {
                outcome,
                latency_us,
                ..
            } => {
                let message = match outcome {
                    Outcome::Ok => self.messages.number(""),
                    _ => self.message(&outcome.to_string()),
                };
                let unsaid = self.messages.number("");
                if let Some(open) = ended {
                    let row = &mut self.rows[open.kept];
                    row.end = Some(moment);
                    row.ended = Some((outcome.name(), *latency_us));
                    if let Outcome::Unknown { reason, .. } = outcome {
                        row.unanswered = Some(*reason);
                    }
                    // The difference to the expected answer says more than the answer.
                    if row.message == unsaid {
                        row.message = message;
                    }
                }
            }
            EventKind::Polled { .. } | EventKind::PollLost { .. } => {}
            _ => return false,
        }
        true
    }

    /// When the success of all these kinds was sustained by requests sent after a time.
    pub fn settled(&self, kinds: &[&str], after_us: u64) -> Option<Moment> {
        let first = self.rows.partition_point(|row| row.sent.at_us <= after_us);
        let sustained_by = |kind: &str| {
            let number = *self.kinds.numbers.get(kind)?;
            let of_kind = self.rows[first..].iter().filter(|row| row.kind == number);
            sustained(of_kind.filter_map(|row| {
                let (outcome, _) = row.ended?;
                Some((row.end?, row.sent.seq, outcome == Outcome::Ok.name()))
            }))
        };
        let moments: Option<Vec<Moment>> = kinds.iter().map(|kind| sustained_by(kind)).collect();
        moments?.into_iter().max()
    }

    fn message(&mut self, text: &str) -> u32 {
        let text: String = text.chars().take(MOST_OF_A_MESSAGE).collect();
        if self.messages.texts.len() < MOST_MESSAGES || self.messages.numbers.contains_key(&text) {
            self.messages.number(&text)
        } else {
            self.messages.number(OTHER)
        }
    }
}
