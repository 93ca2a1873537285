//! The time during which the API was asked.
//!
//! Only time during which the API was asked counts for a recovery: between two requests it may have
//! recovered unnoticed, and an API that connects on demand cannot recover before it is asked. So
//! each request kind has its own recovery clock, which stops while nobody asks. A plan may go on
//! after its last fault for any time without making a correct API late.

use super::{Phase, Span, Spans, View};

/// The time since a backend was ready during which one request kind was asked.
///
/// A kind is asked from a request's sending until one probe interval (`[trial] probe-every`) after
/// its end, for one such interval after the ready itself, and while the harness probes after the
/// plan. Requests sent before the ready do not count, since they met the outage.
#[derive(Debug)]
pub struct Asked<'v> {
    since_us: u64,
    spans: Spans,
    withheld: &'v Spans,
}

impl View<'_> {
    /// The time during which a kind was asked, from `since_us` (microseconds since the trial began)
    /// on.
    pub fn asked(&self, kind: &str, since_us: u64) -> Asked<'_> {
        let until_us = self.observed_until_us();
        let pause_us = self.header().probe_every_ms.saturating_mul(1_000);
        let first = (since_us, since_us.saturating_add(pause_us));
        let requests = self.sent_after(kind, since_us);
        let requests = requests.map(|r| (r.sent.at_us, r.span().to_us.saturating_add(pause_us)));
        let probed = self.phase(Phase::Recovery).map(|began| {
            let drains = self.phase(Phase::Drain);
            let drains_us = drains.map_or(until_us, |moment| moment.at_us);
            (began.at_us.max(since_us), drains_us)
        });
        let asked = [first].into_iter().chain(requests).chain(probed);
        let spans = asked
            .map(|(from_us, to_us)| Span {
                from_us,
                to_us: to_us.min(until_us),
            })
            .filter(|span| span.from_us <= span.to_us);
        Asked {
            since_us,
            spans: spans.collect(),
            withheld: self.withheld(),
        }
    }
}

impl Asked<'_> {
    /// When the kind had been asked for `limit_us`, not counting time that this machine withheld;
    /// none if the trial ended before.
    pub fn until(&self, limit_us: u64) -> Option<u64> {
        let mut left_us = limit_us;
        for span in self.spans.iter() {
            let up_us = self.withheld.later(span.from_us, left_us);
            if up_us <= span.to_us {
                return Some(up_us);
            }
            let counted_us = span.length_us() - self.withheld.covered_us(*span);
            left_us = left_us.saturating_sub(counted_us);
        }
        None
    }

    /// For how long the kind was asked until a moment, in microseconds.
    pub fn us(&self, until_us: u64) -> u64 {
        self.spans.covered_us(Span {
            from_us: self.since_us,
            to_us: until_us,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::{PROBE_EVERY_MS, Script};

    fn ms(us: Option<u64>) -> Option<u64> {
        us.map(|us| us / 1_000)
    }

    #[test]
    fn the_clock_stands_still_while_nobody_asks_and_runs_while_the_harness_probes() {
        // Asked from 1 000 to 1 105 ms, from 3 000 on once more, and from 5 000 to 6 000 ms by the
        // harness.
        let trace = Script::new(&["sync", "job"])
            .sent(90, 7, "sync")
            .good(1_000, 0, "sync")
            .bad(3_000, 1, "sync")
            .good(3_500, 2, "job")
            .phase(5_000, Phase::Recovery)
            .finish(6_000);
        let view = View::new(&trace);
        let asked = view.asked("sync", 100_000);
        let pause = PROBE_EVERY_MS;
        assert_eq!(ms(asked.until(0)), Some(100));
        assert_eq!(ms(asked.until(pause * 1_000 + 1_000)), Some(1_001));
        let before_probes = 3 * pause + 10;
        assert_eq!(asked.us(4_000_000), before_probes * 1_000);
        let at = |more_ms| ms(asked.until((before_probes + more_ms) * 1_000));
        assert_eq!(
            (at(1), at(1_000), at(1_001)),
            (Some(5_001), Some(6_000), None)
        );
    }

    #[test]
    fn a_request_that_hangs_is_asked_all_the_while_and_what_was_withheld_does_not_count() {
        let trace = Script::new(&["sync"])
            .sent(100, 0, "sync")
            .late(900, 300)
            .finish(2_000);
        let view = View::new(&trace);
        let asked = view.asked("sync", 50_000);
        assert_eq!(ms(asked.until(1_000_000)), Some(1_350));
        assert_eq!(ms(asked.until(1_651_000)), None);
    }
}
