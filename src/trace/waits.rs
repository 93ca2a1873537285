//! How long the services waited for a processor.

use std::collections::BTreeMap;

use super::{Event, EventKind, Span};

impl Event {
    /// The time before it that this machine withheld from the harness or from a service, if it is
    /// such an event. It is not known when between two samples a service waited, so this assumes
    /// the end.
    pub fn withheld(&self) -> Option<Span> {
        let us = match self.kind {
            EventKind::Lag { late_us } => late_us,
            EventKind::Waited { waited_us, .. } => waited_us,
            _ => return None,
        };
        Some(Span::before(self.at_us, us))
    }
}

/// For each service, the spans between two samples in which it waited, in order, and for how long.
#[derive(Debug, Default)]
pub(super) struct Waits<'a>(BTreeMap<&'a str, Vec<(Span, u64)>>);

impl<'a> Waits<'a> {
    /// The waits of a history.
    pub fn of(events: &'a [Event]) -> Self {
        let mut waits = Waits::default();
        for event in events {
            if let EventKind::Waited {
                service,
                waited_us,
                over_us,
            } = &event.kind
            {
                let span = Span::before(event.at_us, *over_us);
                waits.0.entry(service).or_default().push((span, *waited_us));
            }
        }
        waits
    }

    /// The longest time that the services may have waited during a span. A request passes through
    /// them one after the other, so their waits add up.
    pub fn most_us(&self, span: Span) -> u64 {
        let of_one = |waits: &Vec<(Span, u64)>| {
            let first = waits.partition_point(|(over, _)| over.to_us < span.from_us);
            let waits = waits[first..].iter();
            let met = waits.take_while(|(over, _)| over.from_us <= span.to_us);
            let shared = met.map(|(over, waited_us)| over.shared_us(span).min(*waited_us));
            shared.sum::<u64>()
        };
        let sum: u64 = self.0.values().map(of_one).sum();
        sum.min(span.length_us())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_may_lie_anywhere_between_two_looks_and_services_wait_one_after_the_other() {
        let waited = |at_us, service: &str, waited_us, over_us| Event {
            seq: 0,
            at_us,
            kind: EventKind::Waited {
                service: service.to_owned(),
                waited_us,
                over_us,
            },
        };
        let events = [
            waited(100, "api", 30, 50),
            waited(110, "db", 10, 50),
            waited(200, "api", 20, 50),
        ];
        let waits = Waits::of(&events);
        let most = |from_us, to_us| waits.most_us(Span { from_us, to_us });
        assert_eq!(most(0, 300), 60);
        assert_eq!(most(40, 60), 10);
        assert_eq!(most(50, 120), 40);
        assert_eq!(most(0, 50), 0);
        assert_eq!(most(210, 300), 0);
        let withheld = events[0].withheld().unwrap();
        assert_eq!((withheld.from_us, withheld.to_us), (70, 100));
    }
}
