//! A campaign, read from its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::comparison::{Seen, TrialSample};
use super::unreadable::readable;
use super::{ReportError, TrialReport, TrialSummary, Unreadable, UntracedTrial};
use crate::latency::{self, Latencies, Stage};
use crate::model::{Failure, Summary, Verdict};
use crate::trace;

/// How many failures are shown with their whole trial. The others have only a line each.
const MOST_SHOWN: usize = 3;

/// How many trials without a trace are read at most.
const MOST_UNTRACED: usize = 200;

/// A campaign, in plain data.
#[derive(Debug)]
pub struct CampaignReport {
    /// Its `summary.json`.
    pub summary: Summary,
    /// The trials whose traces are in the folder, in order.
    pub trials: Vec<TrialSummary>,
    /// The first trials that have no trace there, in order.
    pub untraced: Vec<UntracedTrial>,
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
        // A campaign without requests has no log.
        let log = Some(folder.join("latency.hlog")).filter(|log| log.is_file());
        let mut latency = Latencies::default();
        if let Some(log) = &log {
            each_trial(log, |trial| latency.add(trial))?;
        }
        let traces = trace::files(folder).map_err(|error| ReportError::read(folder, error))?;
        let (trials, unreadable) = readable(&traces, TrialSummary::read);
        let traced = trials.iter().map(|trial| trial.plan.index).collect();
        let untraced = UntracedTrial::first_of(folder, &traced, MOST_UNTRACED);
        Ok(CampaignReport {
            summary,
            log,
            trials,
            untraced,
            unreadable,
            latency,
        })
    }

    /// The latencies of all trials by stage, for comparisons.
    ///
    /// # Errors
    /// When the log can no longer be read.
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

    /// The trials shown in full: those of the first failures; without failures, the first
    /// inconclusive trial, or else the last. Those that cannot be read are returned separately.
    pub fn shown(&self) -> (Vec<TrialReport>, Vec<Unreadable>) {
        let failures = self.summary.failures.iter().take(MOST_SHOWN);
        let mut paths: Vec<PathBuf> = failures.filter_map(|f| self.trace_of(f)).collect();
        if self.summary.failures.is_empty() {
            let mut trials = self.trials.iter();
            let undecided = trials.find(|t| t.verdict() == Verdict::Inconclusive);
            let example = undecided.or(self.trials.last());
            paths.extend(example.map(|trial| trial.path.clone()));
        }
        readable(&paths, TrialReport::read)
    }

    /// The saved trace of a failure. If it is gone, the campaign's first trace of that failure.
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
