//! Which requests are in flight.

use std::collections::BTreeMap;

use super::{Event, EventKind, Moment};
use crate::model::KindName;

/// The requests in flight while a history is read event by event, each with the reader's own data.
///
/// This is the only definition of "in flight": from a request's sending to its first end. Events of
/// a request that is not in flight change nothing here.
#[derive(Debug)]
pub struct InFlight<K = ()>(BTreeMap<u64, OpenRequest<K>>);

/// A request in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest<K = ()> {
    /// Its kind.
    pub kind: KindName,
    /// When it was sent.
    pub sent: Moment,
    /// When it was accepted as a job, in microseconds since the trial began.
    pub accepted_us: Option<u64>,
    /// The reader's own data.
    pub kept: K,
}

impl<K> Default for InFlight<K> {
    fn default() -> Self {
        InFlight(BTreeMap::new())
    }
}

impl<K> InFlight<K> {
    /// Reads the next event, and returns the request that it ends, if it ends one. `keep` makes the
    /// reader's own data of a request that it sends.
    pub fn read(&mut self, event: &Event, keep: impl FnOnce() -> K) -> Option<OpenRequest<K>> {
        match &event.kind {
            EventKind::Sent { request, kind, .. } => {
                let open = OpenRequest {
                    kind: kind.clone(),
                    sent: event.moment(),
                    accepted_us: None,
                    kept: keep(),
                };
                self.0.insert(*request, open);
                None
            }
            EventKind::Accepted { request, .. } => {
                self.0.get_mut(request)?.accepted_us = Some(event.at_us);
                None
            }
            EventKind::Ended { request, .. } => self.0.remove(request),
            _ => None,
        }
    }

    /// A request in flight, by its number.
    pub fn get_mut(&mut self, request: u64) -> Option<&mut OpenRequest<K>> {
        self.0.get_mut(&request)
    }

    /// The requests in flight, ordered by number.
    pub fn iter(&self) -> impl Iterator<Item = &OpenRequest<K>> {
        self.0.values()
    }

    /// How many requests are in flight.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no request is in flight.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::Script;

    #[test]
    fn a_request_is_in_flight_from_its_sending_to_its_first_end() {
        let trace = Script::new(&["job"])
            .sent(20, 7, "job")
            .accepted(22, 7)
            .ok(30, 7)
            .failed(50, 7, 500, "again")
            .accepted(60, 7)
            .sent(70, 8, "job")
            .finish(80);
        let mut in_flight = InFlight::default();
        let mut ended = Vec::new();
        for event in &trace.events {
            let open = in_flight.read(event, || "kept");
            ended.extend(
                open.map(|open| (event.at_us, open.sent.at_us, open.accepted_us, open.kept)),
            );
        }
        assert_eq!(ended, [(30_000, 20_000, Some(22_000), "kept")]);
        let left: Vec<u64> = in_flight.iter().map(|open| open.sent.at_us).collect();
        assert_eq!((in_flight.len(), left), (1, vec![70_000]));
    }
}
