//! The content of a report, in any format.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::unreadable::readable;
use super::{CampaignReport, Comparison, ReportError, TrialReport, Unreadable, wording};
use crate::latency::{self, Latencies};
use crate::model::Verdict;

/// The content of a report.
#[derive(Debug)]
pub struct Report {
    /// The campaign, if the report is about one.
    pub campaign: Option<CampaignReport>,
    /// The trials shown in full.
    pub trials: Vec<TrialReport>,
    /// The comparison with another campaign, if that was asked for.
    pub comparison: Option<Comparison>,
    /// The traces that cannot be read. The report is about the others.
    pub unreadable: Vec<Unreadable>,
}

impl Report {
    /// A report about a campaign, by its folder.
    ///
    /// # Errors
    /// When its summary or its latencies cannot be read.
    pub fn of_run(folder: &Path) -> Result<Self, ReportError> {
        let campaign = CampaignReport::read(folder)?;
        let (trials, more) = campaign.shown();
        Ok(Report {
            trials,
            unreadable: [campaign.unreadable.clone(), more].concat(),
            campaign: Some(campaign),
            comparison: None,
        })
    }

    /// A report about single traces.
    pub fn of_traces(traces: &[PathBuf]) -> Self {
        let (trials, unreadable) = readable(traces, TrialReport::read);
        Report {
            campaign: None,
            trials,
            comparison: None,
            unreadable,
        }
    }

    /// The same report, compared with another run. A report about traces has nothing to compare.
    ///
    /// # Errors
    /// When the other run's summary or latencies cannot be read.
    pub fn against(mut self, folder: &Path) -> Result<Self, ReportError> {
        if let Some(campaign) = &self.campaign {
            let other = CampaignReport::read(folder)?;
            self.comparison = Some(Comparison::of(campaign, &other)?);
            self.unreadable.extend(other.unreadable);
        }
        Ok(self)
    }

    /// The verdict: the campaign's, or the worst of the traces.
    pub fn verdict(&self) -> Verdict {
        match &self.campaign {
            Some(campaign) => campaign.summary.verdict,
            None => {
                let verdicts = self.trials.iter().map(|trial| trial.headline().verdict);
                let unknown = self.unreadable.iter().map(|_| Verdict::Inconclusive);
                let worst = verdicts.chain(unknown).max();
                worst.unwrap_or(Verdict::Inconclusive)
            }
        }
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> String {
        match (&self.campaign, &self.trials[..]) {
            (Some(campaign), _) => wording::sentence(&campaign.summary),
            (None, [trial]) if self.unreadable.is_empty() => trial.sentence(),
            (None, trials) => {
                let verdicts: Vec<_> = trials.iter().map(|t| t.headline().verdict).collect();
                let of = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
                let more = match self.unreadable.len() {
                    0 => String::new(),
                    n => format!("; {n} more cannot be read"),
                };
                format!(
                    "{} traces: {} violated, {} inconclusive, {} held{more}.",
                    trials.len(),
                    of(Verdict::Violated),
                    of(Verdict::Inconclusive),
                    of(Verdict::Holds)
                )
            }
        }
    }

    /// What a reader should know first: how the first failure shown went, in plain words; without
    /// one, the verdict in one sentence.
    pub fn headline(&self) -> String {
        let mut trials = self.trials.iter();
        let failed = trials.find(|trial| trial.headline().verdict == Verdict::Violated);
        let is_about_it = self.campaign.is_some() || self.trials.len() == 1;
        match failed {
            Some(trial) if is_about_it && self.verdict() == Verdict::Violated => trial.sentence(),
            _ => self.sentence(),
        }
    }

    /// Writes the latencies of each trial as an interval log.
    ///
    /// # Errors
    /// When it cannot be written, or the campaign's own log cannot be read.
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

    /// The latencies of all trials.
    pub fn latencies(&self) -> Latencies {
        match &self.campaign {
            Some(campaign) => campaign.latency.clone(),
            None => {
                let mut all = Latencies::default();
                let trials = self.trials.iter();
                trials.for_each(|trial| all.add(&trial.latencies));
                all
            }
        }
    }
}
