//! How two runs differ.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::{CampaignReport, ReportError};
use super::{TrialSample, bootstrap, fisher};
use crate::latency::Stage;
use crate::model::{Signature, Summary, Verdict, duration_us};

/// The probability that any comparison is significant although nothing differs.
const LEVEL: f64 = 0.05;
/// The quantiles of latency that are compared.
const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];
/// A quantile is compared if both runs have at least this many requests beyond it.
const LEAST_BEYOND: f64 = 5.0;
/// Trials are resampled if both runs have at least this many.
const LEAST_TRIALS: usize = 5;

/// Two runs compared.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The folder of the other run.
    pub against: String,
    /// The signatures that only this run found.
    pub new: Vec<Signature>,
    /// The signatures that only the other run found.
    pub gone: Vec<Signature>,
    /// The comparisons.
    pub lines: Vec<Compared>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// What was compared.
    pub what: String,
    /// Its value in the other run.
    pub before: String,
    /// Its value in this run.
    pub after: String,
    /// The evidence and its method.
    pub because: String,
    /// The conclusion.
    pub change: Change,
}

/// The conclusion from a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Significantly worse.
    Worse,
    /// Significantly better.
    Better,
    /// No significant difference.
    Noise,
    /// Too little data.
    TooFew,
}

impl Change {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Change::Worse => "WORSE",
            Change::Better => "better",
            Change::Noise => "within noise",
            Change::TooFew => "too little to tell",
        }
    }
}

impl Comparison {
    /// Compares a run with another.
    ///
    /// # Errors
    /// When the latencies of one cannot be read.
    pub fn of(this: &CampaignReport, other: &CampaignReport) -> Result<Self, ReportError> {
        let signatures = |summary: &Summary| {
            let all = summary.failures.iter().map(|f| f.signature.clone());
            all.collect::<BTreeSet<_>>()
        };
        let (ours, theirs) = (signatures(&this.summary), signatures(&other.summary));
        // One comparison of trials, and for each stage one of failures and one per quantile.
        let level = LEVEL / (1 + Stage::ALL.len() * (1 + QUANTILES.len())) as f64;
        let mut lines = vec![failed_trials(this, other, level)];
        let (all_before, all_after) = (other.samples()?, this.samples()?);
        for stage in Stage::ALL {
            let (before, after) = (&all_before[&stage], &all_after[&stage]);
            if before.requests() == 0 && after.requests() == 0 {
                continue;
            }
            lines.push(failures(stage, before, after, level));
            for (quantile, name) in QUANTILES {
                lines.extend(latency(stage, quantile, name, before, after, level));
            }
        }
        Ok(Comparison {
            against: other.summary.run.clone(),
            new: ours.difference(&theirs).cloned().collect(),
            gone: theirs.difference(&ours).cloned().collect(),
            lines,
        })
    }

    /// The comparison in one sentence.
    pub fn sentence(&self) -> String {
        let worse = self.lines.iter().filter(|l| l.change == Change::Worse);
        let worse: Vec<&str> = worse.map(|line| line.what.as_str()).collect();
        let new = match self.new.len() {
            0 => String::new(),
            1 => ", and one signature is new".to_owned(),
            n => format!(", and {n} signatures are new"),
        };
        let found = match worse.is_empty() {
            true => "nothing is significantly worse".to_owned(),
            false => format!("significantly worse: {}", worse.join("; ")),
        };
        format!("Against {}: {found}{new}.", self.against)
    }
}

/// The share of failed trials among the conclusive ones.
fn failed_trials(this: &CampaignReport, other: &CampaignReport, level: f64) -> Compared {
    let counts = |campaign: &CampaignReport| {
        let (summary, trials) = (&campaign.summary, campaign.trials.iter());
        let failed = trials.filter(|t| t.verdict() == Verdict::Violated).count() as u64;
        let conclusive = summary.plans_executed.saturating_sub(summary.inconclusive);
        (failed, conclusive.max(failed))
    };
    let ((failed, of), (failed_before, of_before)) = (counts(this), counts(other));
    let p = fisher::two_sided(
        (failed, of - failed),
        (failed_before, of_before - failed_before),
    );
    let share = |failed: u64, of: u64| failed as f64 / of.max(1) as f64;
    Compared {
        what: "trials that failed".to_owned(),
        before: format!("{failed_before} of {of_before}"),
        after: format!("{failed} of {of}"),
        because: format!("p = {p:.3} (Fisher's exact test)"),
        change: match p < level {
            true if share(failed, of) > share(failed_before, of_before) => Change::Worse,
            true => Change::Better,
            false => Change::Noise,
        },
    }
}

/// The share of failed requests in a stage.
fn failures(stage: Stage, before: &TrialSample, after: &TrialSample, level: f64) -> Compared {
    let interval = difference(before, after, level, TrialSample::failed_share);
    let value = |sample: &TrialSample| match sample.requests() {
        0 => "none sent".to_owned(),
        n => format!("{:.1} % of {n}", 100.0 * sample.failed_share(&sample.all())),
    };
    Compared {
        what: format!("requests that failed, {stage}"),
        before: value(before),
        after: value(after),
        because: because(interval, |share| 100.0 * share, "percentage points"),
        change: change(interval),
    }
}

/// A quantile of the latency of successful requests in a stage.
fn latency(
    stage: Stage,
    quantile: f64,
    name: &str,
    before: &TrialSample,
    after: &TrialSample,
    level: f64,
) -> Option<Compared> {
    let enough =
        |sample: &TrialSample| sample.succeeded() as f64 * (1.0 - quantile) >= LEAST_BEYOND;
    if !enough(before) || !enough(after) {
        return None;
    }
    let statistic = |sample: &TrialSample, drawn: &[u32]| sample.quantile_us(drawn, quantile);
    let interval = difference(before, after, level, statistic);
    let value =
        |sample: &TrialSample| duration_us(sample.quantile_us(&sample.all(), quantile) as u64);
    Some(Compared {
        what: format!("latency {name}, {stage}"),
        before: value(before),
        after: value(after),
        because: because(interval, |us| us / 1e3, "ms"),
        change: change(interval),
    })
}

/// The interval of a statistic's difference; none if there are too few trials.
fn difference(
    before: &TrialSample,
    after: &TrialSample,
    level: f64,
    statistic: impl Fn(&TrialSample, &[u32]) -> f64,
) -> Option<(f64, f64)> {
    let enough = before.trials() >= LEAST_TRIALS && after.trials() >= LEAST_TRIALS;
    enough.then(|| bootstrap::difference(before, after, level, statistic))
}

fn because(interval: Option<(f64, f64)>, in_unit: fn(f64) -> f64, unit: &str) -> String {
    let Some((low, high)) = interval else {
        return format!("fewer than {LEAST_TRIALS} trials");
    };
    let (low, high) = (in_unit(low), in_unit(high));
    format!("{low:+.1} to {high:+.1} {unit} (bootstrap over trials)")
}

fn change(interval: Option<(f64, f64)>) -> Change {
    match interval {
        None => Change::TooFew,
        Some((low, _)) if low > 0.0 => Change::Worse,
        Some((_, high)) if high < 0.0 => Change::Better,
        Some(_) => Change::Noise,
    }
}
