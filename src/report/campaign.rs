//! What a campaign's folder tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::comparison::{Seen, TrialSample};
use super::unreadable::sorted_out;
use super::{ReportError, TrialReport, TrialSummary, Unreadable};
use crate::latency::{self, Latencies, Stage};
use crate::model::{Failure, Summary, Verdict};
use crate::trace;

/// How many failures are told with everything about their trial; of the others there is a line.
const MOST_TOLD: usize = 3;

/// A campaign, in plain data.
#[derive(Debug)]
pub struct CampaignReport {
    /// Its `summary.json`.
    pub summary: Summary,
    /// The trials whose traces are in the folder, in order.
    pub trials: Vec<TrialSummary>,
    /// The traces of the folder that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Its interval log of latencies, if it has one.
    pub log: Option<PathBuf>,
    /// The latencies over all trials.
    pub latency: Latencies,
}

impl CampaignReport {
    /// Reads a campaign's folder. Traces that cannot be read are kept apart.
    ///
    /// # Errors
    /// When the folder, the summary or the latencies cannot be read.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let path = folder.join("summary.json");
        let text = fs::read_to_string(&path).map_err(|e| ReportError::read(&path, e))?;
        let summary: Summary =
            serde_json::from_str(&text).map_err(|error| ReportError::Summary { path, error })?;
        // A campaign without any request has none, nor has one of before there was such a file.
        let log = Some(folder.join("latency.hlog")).filter(|log| log.is_file());
        let mut latency = Latencies::default();
        if let Some(log) = &log {
            each_trial(log, |trial| latency.add(trial))?;
        }
        let traces = trace::files(folder).map_err(|error| ReportError::read(folder, error))?;
        let (trials, unreadable) = sorted_out(&traces, TrialSummary::read);
        Ok(CampaignReport {
            summary,
            log,
            trials,
            unreadable,
            latency,
        })
    }

    /// What each trial has seen in each stage.
    ///
    /// # Errors
    /// When the log cannot be read any more.
    pub fn samples(&self) -> Result<BTreeMap<Stage, TrialSample>, ReportError> {
        let mut seen = Stage::ALL.map(|stage| (stage, Seen::default()));
        if let Some(log) = &self.log {
            each_trial(log, |trial| {
                seen.iter_mut()
                    .for_each(|(stage, seen)| seen.add(trial, *stage));
            })?;
        }
        Ok(seen.map(|(stage, seen)| (stage, seen.sample())).into())
    }

    /// The trials that are told with everything: those of the first failures; without one, the
    /// first that was inconclusive, else the last. Those that cannot be read are kept apart.
    pub fn told(&self) -> (Vec<TrialReport>, Vec<Unreadable>) {
        let failures = self.summary.failures.iter().take(MOST_TOLD);
        let mut paths: Vec<PathBuf> = failures.filter_map(|f| self.trace_of(f)).collect();
        if self.summary.failures.is_empty() {
            let undecided = self
                .trials
                .iter()
                .find(|t| t.verdict() == Verdict::Inconclusive);
            let example = undecided.or(self.trials.last());
            paths.extend(example.map(|trial| trial.path.clone()));
        }
        sorted_out(&paths, TrialReport::read)
    }

    /// The trace that was kept of a failure; where it has gone, the campaign's own that showed it.
    fn trace_of(&self, failure: &Failure) -> Option<PathBuf> {
        let kept = PathBuf::from(&failure.trace);
        if kept.is_file() {
            return Some(kept);
        }
        let showed = self.trials.iter().find(|trial| {
            let judgement = trial.judgement.as_ref();
            judgement.is_some_and(|j| j.shows(&failure.signature))
        });
        showed.map(|trial| trial.path.clone())
    }
}

fn each_trial(log: &Path, mut take: impl FnMut(&Latencies)) -> Result<(), ReportError> {
    let bytes = fs::read(log).map_err(|error| ReportError::read(log, error))?;
    for trial in latency::trials(&bytes) {
        let trial = trial.map_err(|error| ReportError::Log {
            path: log.to_owned(),
            error,
        })?;
        take(&trial);
    }
    Ok(())
}
