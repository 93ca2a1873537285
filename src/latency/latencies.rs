//! Histograms by stage and outcome.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{DueRequest, lateness};
use crate::model::{LatencyRow, Percentiles};
use crate::trace::{Moment, Span, Spans, View};

/// Latencies are recorded up to one hour; longer ones count as one hour.
const LONGEST_US: u64 = 3_600_000_000;
/// Three significant digits: any value read back is at most 0.1 % off.
const SIGNIFICANT_DIGITS: u8 = 3;

/// When a request happened relative to the faults of its trial. One that overlaps several stages
/// counts for the worst: outage, then recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before the first fault.
    Baseline,
    /// While a fault's window is open.
    Outage,
    /// From backend-ready until the success of every kind is sustained, but no longer than the
    /// recovery limit.
    Recovery,
    /// After a recovery.
    After,
}

/// Latencies from the intended send to the end, by stage and outcome, and how much of that the
/// harness itself was late.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    pub(super) by_stage: BTreeMap<(Stage, &'static str), Histogram<u64>>,
    /// None without a request that was due at a certain time.
    pub(super) late: Option<Histogram<u64>>,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 4] = [
        Stage::Baseline,
        Stage::Outage,
        Stage::Recovery,
        Stage::After,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Latencies {
    /// The latencies of a history. Requests that have not ended have none.
    pub fn of(view: &View<'_>) -> Self {
        let stages = Stages::of(view);
        let mut latencies = Latencies::default();
        for request in view.requests() {
            if let Some(end) = request.ended {
                let span = Span {
                    from_us: request.intended_us,
                    ..request.span()
                };
                latencies.record(stages.of_span(span), end.outcome.name(), end.latency_us);
            }
        }
        let due = view.requests().iter().map(|request| DueRequest {
            origin: request.origin.name(),
            intended_us: request.intended_us,
            sent_us: request.sent.at_us,
            ended_us: request.ended.map(|end| end.moment.at_us),
        });
        latencies.record_late(lateness(view.plan(), due));
        latencies
    }

    /// Adds one request.
    pub fn record(&mut self, stage: Stage, outcome: &'static str, latency_us: u64) {
        let histogram = self
            .by_stage
            .entry((stage, outcome))
            .or_insert_with(histogram);
        histogram.saturating_record(latency_us);
    }

    /// Adds by how many microseconds the harness sent each of some requests too late.
    pub fn record_late(&mut self, late: Vec<u64>) {
        for late_us in late {
            let histogram = self.late.get_or_insert_with(histogram);
            histogram.saturating_record(late_us);
        }
    }

    /// By how many microseconds the harness itself sent requests too late. Their latencies include
    /// it. None if no request was due at a certain time.
    pub fn late(&self) -> Option<&Histogram<u64>> {
        self.late.as_ref()
    }

    /// Adds the latencies of another trial.
    pub fn add(&mut self, other: &Latencies) {
        for (key, theirs) in &other.by_stage {
            let ours = self.by_stage.entry(*key).or_insert_with(histogram);
            // This cannot fail, since all histograms have the same bounds.
            *ours += theirs;
        }
        if let Some(theirs) = &other.late {
            *self.late.get_or_insert_with(histogram) += theirs;
        }
    }

    /// The histograms in microseconds, by stage and outcome.
    pub fn histograms(&self) -> impl Iterator<Item = (Stage, &'static str, &Histogram<u64>)> {
        let all = self.by_stage.iter();
        all.map(|((stage, outcome), histogram)| (*stage, *outcome, histogram))
    }

    /// One row per histogram, in the order of stages.
    pub fn rows(&self) -> Vec<LatencyRow> {
        self.histograms()
            .map(|(stage, outcome, histogram)| LatencyRow {
                stage: stage.to_string(),
                outcome: outcome.to_owned(),
                latency: percentiles(histogram),
            })
            .collect()
    }
}

/// An empty histogram of latencies in microseconds. All have the same bounds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, SIGNIFICANT_DIGITS)
        .expect("the low bound is above 0, the high one twice as high, and the digits at most five")
}

/// The percentiles of a histogram in microseconds.
pub fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    Percentiles {
        count: histogram.len(),
        p50_us: histogram.value_at_quantile(0.5),
        p90_us: histogram.value_at_quantile(0.9),
        p99_us: histogram.value_at_quantile(0.99),
        max_us: histogram.max(),
    }
}

/// The stages of one trial.
#[derive(Debug)]
pub struct Stages {
    first_fault_us: u64,
    outage: Spans,
    recovery: Spans,
}

impl Stages {
    /// The stages of a history.
    pub fn of(view: &View<'_>) -> Self {
        Stages::settled_by(view, |after_us| view.settled(after_us))
    }

    /// The stages of a history whose requests are kept elsewhere. `settled` returns when, after a
    /// given time, the success of every kind was sustained.
    pub fn settled_by(view: &View<'_>, settled: impl Fn(u64) -> Option<Moment>) -> Self {
        let recovery_us = view.header().limits.recovery_ms.saturating_mul(1_000);
        let first = view.faults().next();
        let recovery = view.faults().filter_map(|window| {
            let ready_us = window.ready?.moment.at_us;
            window.recovery(settled(ready_us), recovery_us)
        });
        Stages {
            first_fault_us: first.map_or(u64::MAX, |window| window.began.at_us),
            outage: view.faults().map(|window| window.span()).collect(),
            recovery: recovery.collect(),
        }
    }

    /// The stage of a request that lasted from its intended send to its end.
    pub fn of_span(&self, span: Span) -> Stage {
        if self.outage.touch(span) {
            Stage::Outage
        } else if self.recovery.touch(span) {
            Stage::Recovery
        } else if span.from_us < self.first_fault_us {
            Stage::Baseline
        } else {
            Stage::After
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::script::Script;

    fn latencies() -> Latencies {
        let trace = Script::new(&["sync"])
            .good(12, 0, "sync")
            .fault("f1", FaultKind::Kill, 30, 80)
            .sent(29, 1, "sync")
            .unknown(129, 1, UnknownReason::TimedOut)
            .sent(85, 2, "sync")
            .failed(87, 2, 503, "away")
            .good_row(200, 3, "sync")
            .sent(900, 9, "sync")
            .finish(1_000);
        Latencies::of(&View::new(&trace))
    }

    fn table(latencies: &Latencies) -> Vec<(Stage, &'static str, u64, u64)> {
        let all = latencies.histograms();
        all.map(|(stage, outcome, h)| (stage, outcome, h.len(), h.max() / 100))
            .collect()
    }

    #[test]
    fn each_request_counts_once_in_its_stage_and_outcome() {
        let expected = [
            (Stage::Baseline, "ok", 1, 50),
            (Stage::Outage, "unknown", 1, 1_000),
            (Stage::Recovery, "failed", 1, 20),
            (Stage::Recovery, "ok", 3, 50),
            (Stage::After, "ok", 1, 50),
        ];
        assert_eq!(table(&latencies()), expected);
    }

    #[test]
    fn adding_a_trial_adds_its_counts() {
        let mut twice = latencies();
        twice.add(&latencies());
        let doubled: Vec<_> = table(&latencies())
            .into_iter()
            .map(|(stage, outcome, count, max)| (stage, outcome, 2 * count, max))
            .collect();
        assert_eq!(table(&twice), doubled);
    }

    #[test]
    fn a_latency_beyond_the_bounds_is_kept_at_the_bound() {
        let mut histogram = histogram();
        histogram.saturating_record(u64::MAX);
        assert!(histogram.max() >= LONGEST_US);
    }
}
