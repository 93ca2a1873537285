//! How many tasks shared a processor of the harness's machine.

use super::{Event, EventKind, Span};

/// The spans in which more tasks wanted to run than there were processors, ordered by their ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct CrowdedTimes(Vec<Stretch>);

#[derive(Debug, Clone, PartialEq)]
struct Stretch {
    span: Span,
    /// Tasks per processor, on average.
    tasks: f64,
}

impl CrowdedTimes {
    /// The crowded times of a history.
    pub fn of(events: &[Event]) -> Self {
        let crowded = events.iter().filter_map(|event| match event.kind {
            EventKind::Crowded { percent, over_us } => Some(Stretch {
                span: Span::before(event.at_us, over_us),
                tasks: percent as f64 / 100.0,
            }),
            _ => None,
        });
        CrowdedTimes(crowded.collect())
    }

    /// How many tasks shared a processor during a span, on average; 1 if it was not crowded.
    pub fn over(&self, span: Span) -> f64 {
        let first = self.0.partition_point(|s| s.span.to_us < span.from_us);
        let met = self.0[first..].iter();
        let excess =
            met.map(|stretch| (stretch.tasks - 1.0).max(0.0) * stretch.span.shared_us(span) as f64);
        1.0 + excess.sum::<f64>() / span.length_us().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_crowded_is_weighed_by_how_long_it_was_so() {
        let crowded = |at_us, percent, over_us| Event {
            seq: 0,
            at_us,
            kind: EventKind::Crowded { percent, over_us },
        };
        let crowd = CrowdedTimes::of(&[
            crowded(200, 300, 100),
            crowded(400, 500, 100),
            crowded(500, 50, 100),
        ]);
        let over = |from_us, to_us| crowd.over(Span { from_us, to_us });
        assert_eq!(over(0, 100), 1.0);
        assert_eq!(over(120, 180), 3.0);
        assert_eq!(over(0, 200), 2.0);
        assert_eq!(over(100, 400), 3.0);
        assert_eq!(over(400, 500), 1.0);
        assert_eq!(over(600, 600), 1.0);
    }
}
