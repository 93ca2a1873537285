//! Collects the requests of a history.

use std::collections::BTreeMap;

use super::{Accepted, Answer, End, Event, EventKind, Poll, Request};

/// Collects the requests while the history is read event by event.
#[derive(Default)]
pub(super) struct Rows<'a> {
    requests: Vec<Request<'a>>,
    place: BTreeMap<u64, usize>,
}

impl<'a> Rows<'a> {
    /// Reads the next event.
    pub(super) fn take(&mut self, event: &'a Event) {
        let moment = event.moment();
        match &event.kind {
            EventKind::Sent {
                request,
                origin,
                kind,
                token,
                intended_us,
                after,
            } => {
                self.place.insert(*request, self.requests.len());
                self.requests.push(Request {
                    id: *request,
                    origin,
                    kind,
                    token,
                    intended_us: *intended_us,
                    after: *after,
                    sent: moment,
                    accepted: None,
                    polls: Vec::new(),
                    mismatch: None,
                    ended: None,
                    ended_again: None,
                });
            }
            EventKind::Accepted {
                request,
                job,
                latency_us,
            } => self.update(*request, |row| {
                row.accepted = Some(Accepted {
                    moment,
                    job,
                    latency_us: *latency_us,
                });
            }),
            EventKind::Polled {
                request,
                status,
                state,
                latency_us,
            } => self.update(*request, |row| {
                row.polls.push(Poll {
                    moment,
                    took_us: *latency_us,
                    answer: Answer::Answered {
                        status: *status,
                        state: state.as_deref(),
                    },
                });
            }),
            EventKind::PollLost {
                request,
                reason,
                waited_us,
            } => self.update(*request, |row| {
                row.polls.push(Poll {
                    moment,
                    took_us: *waited_us,
                    answer: Answer::Lost(*reason),
                });
            }),
            EventKind::Mismatched { request, mismatch } => self.update(*request, |row| {
                row.mismatch.get_or_insert((moment, mismatch));
            }),
            EventKind::Ended {
                request,
                outcome,
                exchange,
                latency_us,
                echo,
            } => self.update(*request, |row| match row.ended {
                Some(_) => row.ended_again = Some(moment),
                None => {
                    row.ended = Some(End {
                        moment,
                        outcome,
                        exchange: *exchange,
                        latency_us: *latency_us,
                        echo: echo.as_deref(),
                    });
                }
            }),
            _ => {}
        }
    }

    /// The requests in order of sending.
    pub(super) fn finish(self) -> Vec<Request<'a>> {
        self.requests
    }

    /// Events of a request that was never sent are ignored.
    fn update(&mut self, request: u64, change: impl FnOnce(&mut Request<'a>)) {
        if let Some(&place) = self.place.get(&request) {
            change(&mut self.requests[place]);
        }
    }
}
