//! Everything that a report tells, whatever it is written as.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CampaignReport, Comparison, TrialReport, wording};
use crate::latency::{self, Latencies, LatencyLogError};
use crate::model::Verdict;
use crate::trace::TraceError;

/// Everything that a report tells.
#[derive(Debug)]
pub struct Report {
    /// The campaign, if it is about one.
    pub campaign: Option<CampaignReport>,
    /// The trials that are told with everything.
    pub trials: Vec<TrialReport>,
    /// How the campaign compares with another, if that was asked for.
    pub comparison: Option<Comparison>,
}

/// A report that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The summary is none.
    #[error("{}: {error}; is this the folder of a run, and of this version or an older one?", path.display())]
    Summary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The latencies cannot be read.
    #[error("{}: {error}; remove the file to do without its plots", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: LatencyLogError,
    },
    /// A trace cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
}

impl ReportError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        ReportError::Read {
            path: path.to_owned(),
            source,
        }
    }
}

impl Report {
    /// A report about a campaign, by its folder.
    ///
    /// # Errors
    /// When a file of it cannot be read.
    pub fn of_run(folder: &Path) -> Result<Self, ReportError> {
        let campaign = CampaignReport::read(folder)?;
        Ok(Report {
            trials: campaign.told()?,
            campaign: Some(campaign),
            comparison: None,
        })
    }

    /// A report about single traces.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of_traces(traces: &[PathBuf]) -> Result<Self, ReportError> {
        let trials = traces.iter().map(|path| TrialReport::read(path));
        Ok(Report {
            campaign: None,
            trials: trials.collect::<Result<_, _>>()?,
            comparison: None,
        })
    }

    /// The same, compared with another run; a report about traces has nothing to compare.
    ///
    /// # Errors
    /// When a file of the other run cannot be read.
    pub fn against(mut self, folder: &Path) -> Result<Self, ReportError> {
        if let Some(campaign) = &self.campaign {
            let other = CampaignReport::read(folder)?;
            self.comparison = Some(Comparison::of(campaign, &other)?);
        }
        Ok(self)
    }

    /// The verdict: the campaign's, or the worst of the traces.
    pub fn verdict(&self) -> Verdict {
        match &self.campaign {
            Some(campaign) => campaign.summary.verdict,
            None => {
                let verdicts = self.trials.iter().map(|trial| trial.headline().verdict);
                verdicts.max().unwrap_or(Verdict::Inconclusive)
            }
        }
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> String {
        match (&self.campaign, &self.trials[..]) {
            (Some(campaign), _) => wording::sentence(&campaign.summary),
            (None, [trial]) => trial.sentence(),
            (None, trials) => {
                let of = |verdict| {
                    trials
                        .iter()
                        .filter(|t| t.headline().verdict == verdict)
                        .count()
                };
                format!(
                    "{} traces: {} violated, {} inconclusive, {} held.",
                    trials.len(),
                    of(Verdict::Violated),
                    of(Verdict::Inconclusive),
                    of(Verdict::Holds)
                )
            }
        }
    }

    /// Writes the latencies of each trial as an interval log.
    ///
    /// # Errors
    /// When it cannot be written, or the campaign's own log not be read.
    pub fn interval_log(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(campaign) = &self.campaign {
            return match &campaign.log {
                Some(log) => io::copy(&mut File::open(log)?, out).map(drop),
                None => Ok(()),
            };
        }
        self.trials.iter().try_for_each(|trial| {
            let took = Duration::from_micros(trial.until_us);
            latency::append(&trial.latencies, trial.trace.header.began(), took, out)
        })
    }

    /// The latencies of everything that it is about.
    pub fn latencies(&self) -> Latencies {
        match &self.campaign {
            Some(campaign) => campaign.latency.clone(),
            None => {
                let mut all = Latencies::default();
                self.trials
                    .iter()
                    .for_each(|trial| all.add(&trial.latencies));
                all
            }
        }
    }
}
