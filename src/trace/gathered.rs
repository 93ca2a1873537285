//! What a view holds of the events of which there are many: requests, log lines and answers.

use super::keep::Keep;
use super::rows::Rows;
use super::silence::Silences;
use super::{Event, EventKind, LogLine, Moment, Phase, Request};

/// Gathers requests, log lines and answers while a history is read event by event.
#[derive(Default)]
pub(super) struct Gathering<'a> {
    rows: Rows<'a>,
    logs: Vec<LogLine<'a>>,
    silences: Silences,
    last: Option<Moment>,
    /// How many requests were sent before the baseline, once that has begun.
    before: Option<usize>,
}

/// What was gathered.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    /// The requests in order of sending.
    pub requests: Vec<Request<'a>>,
    /// How many of them were sent before the baseline.
    pub requests_before: usize,
    /// The log lines from the baseline on.
    pub logs: Vec<LogLine<'a>>,
    /// The silences from the baseline on.
    pub silences: Silences,
    /// The last event.
    pub last: Option<Moment>,
}

impl<'a> Gathering<'a> {
    /// Reads the next event, and returns whether nothing but requests, log lines and silences is
    /// made of it.
    pub fn take<'l>(&mut self, event: &'l Event, keep: &mut impl Keep<'l, 'a>) -> bool {
        self.last = Some(event.moment());
        match &event.kind {
            EventKind::Phase { phase } => {
                if *phase >= Phase::Baseline && self.before.is_none() {
                    self.before = Some(self.rows.len());
                }
                return false;
            }
            EventKind::Log { service, line, .. } => {
                if self.before.is_some() {
                    self.logs.push(LogLine {
                        moment: event.moment(),
                        service: keep.name(service),
                        line: keep.text(line),
                    });
                }
            }
            EventKind::Sent { .. }
            | EventKind::Accepted { .. }
            | EventKind::Polled { .. }
            | EventKind::PollLost { .. }
            | EventKind::Mismatched { .. }
            | EventKind::Ended { .. } => {
                self.rows.take(event, keep);
                if self.before.is_some() {
                    self.silences.take(event);
                }
            }
            _ => return false,
        }
        true
    }

    pub fn finish(self) -> Gathered<'a> {
        let requests = self.rows.finish();
        Gathered {
            requests_before: self.before.unwrap_or(requests.len()),
            requests,
            logs: self.logs,
            silences: self.silences,
            last: self.last,
        }
    }
}
