//! Collects the requests of a history.

use std::collections::BTreeMap;

use super::keep::Keep;
use super::{Accepted, Answer, End, Event, EventKind, Poll, Request};

/// Collects the requests while the history is read event by event.
#[derive(Default)]
pub(super) struct Rows<'a> {
    requests: Vec<Request<'a>>,
    /// The rows of requests whose number is not their row's, which is rare: the map of a million
    /// requests would be large.
    elsewhere: BTreeMap<u64, usize>,
}

impl<'a> Rows<'a> {
    /// Reads the next event.
    pub(super) fn take<'l>(&mut self, event: &'l Event, keep: &mut impl Keep<'l, 'a>) {
        let moment = event.moment();
        match &event.kind {
            EventKind::Sent {
                request,
                origin,
                kind,
                token,
                intended_us,
                after,
            } => self.add(Request {
                id: *request,
                origin: keep.origin(origin),
                kind: keep.name(kind),
                token: keep.text(token),
                intended_us: *intended_us,
                after: *after,
                sent: moment,
                accepted: None,
                polls: Vec::new(),
                mismatch: None,
                ended: None,
                ended_again: None,
            }),
            EventKind::Accepted {
                request,
                job,
                latency_us,
            } => self.update(*request, |row| {
                row.accepted = Some(Accepted {
                    moment,
                    job: keep.text(job),
                    latency_us: *latency_us,
                });
            }),
            EventKind::Polled {
                request,
                status,
                state,
                latency_us,
            } => self.update(*request, |row| {
                let state = keep.state(state);
                row.polled(Poll {
                    moment,
                    took_us: *latency_us,
                    answer: Answer::Answered {
                        status: *status,
                        state,
                    },
                });
            }),
            EventKind::PollLost {
                request,
                reason,
                waited_us,
            } => self.update(*request, |row| {
                row.polled(Poll {
                    moment,
                    took_us: *waited_us,
                    answer: Answer::Lost(*reason),
                });
            }),
            EventKind::Mismatched { request, mismatch } => self.update(*request, |row| {
                if row.mismatch.is_none() {
                    row.mismatch = Some(Box::new((moment, keep.mismatch(mismatch))));
                }
            }),
            EventKind::Ended {
                request,
                outcome,
                exchange,
                latency_us,
                echo,
            } => self.update(*request, |row| match row.ended {
                Some(_) => row.ended_again = Some(Box::new(moment)),
                None => {
                    let token = row.token;
                    let echo = echo.as_deref();
                    row.ended = Some(End {
                        moment,
                        outcome: keep.outcome(outcome),
                        exchange: *exchange,
                        latency_us: *latency_us,
                        echo: echo.map(|echo| {
                            if echo == token {
                                token
                            } else {
                                keep.text(echo)
                            }
                        }),
                    });
                }
            }),
            _ => {}
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// The requests in order of sending.
    pub(super) fn finish(self) -> Vec<Request<'a>> {
        self.requests
    }

    /// Where a number is sent twice, the later request has it.
    fn add(&mut self, request: Request<'a>) {
        let place = self.requests.len();
        match request.id == place as u64 {
            true => drop(self.elsewhere.remove(&request.id)),
            false => drop(self.elsewhere.insert(request.id, place)),
        }
        self.requests.push(request);
    }

    /// Events of a request that was never sent are ignored.
    fn update(&mut self, request: u64, change: impl FnOnce(&mut Request<'a>)) {
        let elsewhere = self.elsewhere.get(&request).copied();
        let place = elsewhere.or_else(|| usize::try_from(request).ok());
        let row = place.and_then(|place| self.requests.get_mut(place));
        if let Some(row) = row.filter(|row| row.id == request) {
            change(row);
        }
    }
}
