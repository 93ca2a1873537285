//! How long recovery took, over all trials of a campaign.

use std::collections::BTreeMap;

use crate::model::{Figure, Judgement, RecoveryRow};

/// The times from backend-ready to success, by request kind and by whether it is the first one or sustained success.
#[derive(Debug, Default)]
pub(super) struct Recoveries(BTreeMap<(String, &'static str), Vec<Time>>);

/// One trial's.
#[derive(Debug, Clone, Copy)]
struct Time {
    ms: f64,
    at_least: bool,
}

impl Recoveries {
    /// What of a trial's figures is about recovery.
    pub fn figures(judgement: &Judgement) -> Vec<Figure> {
        let all = judgement.findings.iter().flat_map(|f| &f.figures);
        let names = [Figure::FIRST_SUCCESS, Figure::SUSTAINED_SUCCESS];
        all.filter(|figure| names.contains(&figure.name.as_str()))
            .cloned()
            .collect()
    }

    /// Adds what was measured in a trial.
    pub fn add(&mut self, figures: &[Figure]) {
        for figure in figures {
            let success = match figure.name.as_str() {
                Figure::FIRST_SUCCESS => "first",
                Figure::SUSTAINED_SUCCESS => "sustained",
                _ => continue,
            };
            let Some(kind) = &figure.kind else { continue };
            let times = self.0.entry((kind.clone(), success)).or_default();
            times.push(Time {
                ms: figure.value,
                at_least: figure.at_least,
            });
        }
    }

    /// One row for each request kind and success.
    pub fn rows(&self) -> Vec<RecoveryRow> {
        let rows = self.0.iter().filter_map(|((kind, success), times)| {
            let mut times = times.clone();
            // What took at least so long took longer than what took just so long.
            times.sort_by(|a, b| a.ms.total_cmp(&b.ms).then(a.at_least.cmp(&b.at_least)));
            let median = times.get(times.len().checked_sub(1)? / 2)?;
            let max = times.last()?;
            // A lower bound below the median may in truth lie above it.
            let uncertain = |time: &Time| times.iter().any(|t| t.at_least && t.ms <= time.ms);
            Some(RecoveryRow {
                kind: kind.clone(),
                success: (*success).to_owned(),
                trials: times.len() as u64,
                never: times.iter().filter(|time| time.at_least).count() as u64,
                p50_ms: median.ms,
                p50_at_least: uncertain(median),
                max_ms: max.ms,
                max_at_least: uncertain(max),
            })
        });
        rows.collect()
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
