//! A report for machines, as `--format json` writes it.

use serde::Serialize;

use super::{Comparison, Headline, Report, Unreadable};
use crate::latency::percentiles;
use crate::model::{LatencyRow, Percentiles, Summary, Verdict};

/// A report for machines.
#[derive(Debug, Serialize)]
pub struct ReportJson<'a> {
    /// The verdict: the campaign's, or the worst of the traces.
    verdict: Verdict,
    /// The verdict in one sentence.
    sentence: String,
    /// The campaign's summary, if the report is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a Summary>,
    /// The trials shown in full.
    trials: Vec<TrialJson<'a>>,
    /// The latencies of all trials.
    latency: Vec<LatencyRow>,
    /// By how much the harness itself sent requests too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<Percentiles>,
    /// The comparison with another run.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'a Comparison>,
    /// The traces that cannot be read.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unreadable: &'a [Unreadable],
}

/// One trial.
#[derive(Debug, Serialize)]
struct TrialJson<'a> {
    trace: &'a str,
    #[serde(flatten)]
    headline: Headline,
    requests: usize,
    events: u64,
    latency: Vec<LatencyRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<Percentiles>,
}

impl<'a> ReportJson<'a> {
    /// The content of a report.
    pub fn of(report: &'a Report) -> Self {
        let trials = report.trials.iter().map(|trial| TrialJson {
            trace: &trial.file,
            headline: trial.headline(),
            requests: trial.requests.rows().len(),
            events: trial.events,
            latency: trial.latencies.rows(),
            late: trial.latencies.late().map(percentiles),
        });
        let latencies = report.latencies();
        ReportJson {
            verdict: report.verdict(),
            sentence: report.sentence(),
            summary: report.campaign.as_ref().map(|campaign| &campaign.summary),
            trials: trials.collect(),
            latency: latencies.rows(),
            late: latencies.late().map(percentiles),
            comparison: report.comparison.as_ref(),
            unreadable: &report.unreadable,
        }
    }
}
