//! How the API recovered, over all trials of a campaign: how long it took, and whether the first
//! request after an idle restart failed.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::latency::histogram;
use crate::model::{Figure, FirstCalls, Judgement, RecoveryRow};

/// The times from backend-ready to the first and to sustained success, by request kind; and the
/// outcomes of first requests.
#[derive(Debug, Default)]
pub(super) struct Recoveries {
    times: BTreeMap<(String, &'static str), Times>,
    first_calls: FirstCalls,
}

/// Times of many trials. The size of a histogram does not depend on their number.
#[derive(Debug)]
struct Times {
    all: Histogram<u64>,
    greatest_ms: f64,
    /// The shortest of the times that are only known to have been longer.
    least_bound_ms: Option<f64>,
    bounds: u64,
}

impl Recoveries {
    /// The figures of a trial that are about recovery.
    pub fn figures(judgement: &Judgement) -> Vec<Figure> {
        let all = judgement.findings.iter().flat_map(|f| &f.figures);
        let names = [
            Figure::FIRST_SUCCESS,
            Figure::SUSTAINED_SUCCESS,
            Figure::IDLE_RESTARTS,
            Figure::FIRST_CALL_FAILED,
        ];
        all.filter(|figure| names.contains(&figure.name.as_str()))
            .cloned()
            .collect()
    }

    /// Adds the measurements of a trial.
    pub fn add(&mut self, figures: &[Figure]) {
        for figure in figures {
            self.first_calls.add(figure);
            let success = match figure.name.as_str() {
                Figure::FIRST_SUCCESS => "first",
                Figure::SUSTAINED_SUCCESS => "sustained",
                _ => continue,
            };
            let Some(kind) = &figure.kind else { continue };
            let times = self.times.entry((kind.clone(), success));
            times.or_insert_with(Times::none).add(figure);
        }
    }

    /// The outcomes of the first requests after idle restarts.
    pub fn first_calls(&self) -> FirstCalls {
        self.first_calls
    }

    /// One row for each request kind and success.
    pub fn rows(&self) -> Vec<RecoveryRow> {
        let rows = self.times.iter().map(|((kind, success), times)| {
            let p50_ms = times.median_ms();
            // A time that is only known by a lower bound below the median may lie above it.
            let is_uncertain = |ms: f64| times.least_bound_ms.is_some_and(|bound| bound <= ms);
            RecoveryRow {
                kind: kind.clone(),
                success: (*success).to_owned(),
                trials: times.all.len(),
                never: times.bounds,
                p50_ms,
                p50_at_least: is_uncertain(p50_ms),
                max_ms: times.greatest_ms,
                max_at_least: is_uncertain(times.greatest_ms),
            }
        });
        rows.collect()
    }
}

impl Times {
    fn none() -> Self {
        Times {
            all: histogram(),
            greatest_ms: 0.0,
            least_bound_ms: None,
            bounds: 0,
        }
    }

    fn add(&mut self, figure: &Figure) {
        self.all.saturating_record((figure.value * 1e3) as u64);
        self.greatest_ms = self.greatest_ms.max(figure.value);
        if figure.at_least {
            self.bounds += 1;
            let least = self.least_bound_ms.unwrap_or(f64::INFINITY);
            self.least_bound_ms = Some(least.min(figure.value));
        }
    }

    fn median_ms(&self) -> f64 {
        let us = self.all.value_at_quantile(0.5);
        // Rounded to the digits that the histogram keeps.
        self.all.lowest_equivalent(us) as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, Verdict};

    fn rows(times: &[(f64, bool)]) -> Vec<RecoveryRow> {
        let mut recoveries = Recoveries::default();
        for (ms, at_least) in times {
            let figure = Figure {
                kind: Some("job".to_owned()),
                at_least: *at_least,
                ..Figure::new(Figure::FIRST_SUCCESS, *ms)
            };
            let other = Figure::new("baseline-fds", 9.0);
            let finding = Finding::holds("recovers", "").with_figures(vec![other, figure]);
            recoveries.add(&Recoveries::figures(&Judgement {
                verdict: Verdict::Holds,
                signature: None,
                findings: vec![finding],
                inconclusive: None,
            }));
        }
        recoveries.rows()
    }

    #[test]
    fn the_median_and_the_greatest_say_when_they_are_lower_bounds() {
        let row = |times: &[(f64, bool)]| {
            let row = rows(times).remove(0);
            (
                row.never,
                row.p50_ms,
                row.p50_at_least,
                row.max_ms,
                row.max_at_least,
            )
        };
        let good = row(&[(30.0, false), (10.0, false), (20.0, false)]);
        assert_eq!(good, (0, 20.0, false, 30.0, false));
        let once_never = row(&[(10.0, false), (90.0, true), (20.0, false)]);
        assert_eq!(once_never, (1, 20.0, false, 90.0, true));
        let looked_at_shortly = row(&[(10.0, false), (5.0, true), (20.0, false)]);
        assert_eq!(looked_at_shortly, (1, 10.0, true, 20.0, true));
        assert!(rows(&[]).is_empty());
    }
}
