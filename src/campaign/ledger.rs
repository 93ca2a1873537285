//! What lets a campaign be resumed: its settings in `campaign.json`, and a line for each result in
//! `trials.ndjson`.
//!
//! A line is written as soon as a trial is finished. A trial without a complete line is done again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::Control;
use super::{Campaign, LedgerError, PlanSource, ShrinkBudget, StackHandle};
use crate::generator::{self, GENERATOR_VERSION};
use crate::latency::{self, Latencies};
use crate::model::{Failure, Figure, Limits, Plan, Regressed, Signature, Tested, Verdict};
use crate::redact;
use crate::trace::StackInfo;

/// The version of the two files.
const VERSION: u32 = 1;

/// What a campaign was begun with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    comeback_campaign: u32,
    generator: u32,
    seed: u64,
    plans: u64,
    for_ms: Option<u64>,
    max_failures: u64,
    max_inconclusive: f64,
    traces: PathBuf,
    shrink_runs: Option<u64>,
    shrink_for_ms: Option<u64>,
    #[serde(default)]
    known: BTreeSet<Signature>,
    stack: StackInfo,
    limits: Limits,
    /// The plans also depend on the stack's configuration: if the first one differs, all do.
    first_plan: Plan,
}

/// A line of `trials.ndjson`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Entry {
    /// A trial was finished.
    Trial(Box<FinishedTrial>),
    /// A saved failure was replayed.
    Reused(Box<Regressed>),
    /// The failure with this signature was shrunk.
    Shrunk(Box<Failure>),
    /// The campaign came to its own end.
    Ended,
}

/// What a campaign remembers of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FinishedTrial {
    /// The index of its plan.
    pub index: u64,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its trace, where it failed and the machine may have been why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubted: Option<String>,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The failure, if it is the first of its kind in this campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The control that was run after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<(Signature, Control)>,
    /// What it tested; unknown in campaigns of older versions.
    #[serde(default, skip_serializing_if = "Tested::is_unknown")]
    pub tested: Tested,
    /// How long recovery took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<Figure>,
    /// The age of the campaign at its end, in milliseconds.
    pub elapsed_ms: u64,
    /// The size of `latency.hlog` after it, in bytes.
    pub latency_bytes: u64,
    /// How many older traces had been removed by then to make room.
    #[serde(default)]
    pub traces_removed: u64,
}

/// The files of a campaign under way. As long as this value lives, nobody else can resume it.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    /// Without settings it cannot be resumed.
    settings: Option<Settings>,
    file: File,
    past: Vec<Entry>,
}

impl Ledger {
    /// Begins the files in a campaign's folder. A scenario is short, and cannot be resumed.
    pub(super) fn begin(
        folder: &Path,
        campaign: &Campaign,
        handle: &StackHandle,
    ) -> Result<Self, LedgerError> {
        let settings = match campaign.plans {
            PlanSource::Scenario(_) => None,
            PlanSource::Random(plans) => Some(Settings {
                comeback_campaign: VERSION,
                generator: GENERATOR_VERSION,
                seed: campaign.seed,
                plans,
                for_ms: campaign.at_most.map(millis),
                max_failures: campaign.max_failures as u64,
                max_inconclusive: campaign.max_inconclusive,
                traces: campaign.traces.clone(),
                shrink_runs: campaign.shrink.map(|budget| budget.runs),
                shrink_for_ms: campaign.shrink.map(|budget| millis(budget.within)),
                known: campaign.known.clone(),
                stack: handle.info.clone(),
                limits: handle.executor.limits.clone(),
                first_plan: generator::plan(&handle.space, campaign.seed, 0),
            }),
        };
        let path = trials(folder);
        let create = || {
            let mut options = File::options();
            let file = options
                .read(true)
                .append(true)
                .create_new(true)
                .open(&path)?;
            file.try_lock()?;
            Ok(file)
        };
        let file = create().map_err(LedgerError::at(&path))?;
        // It can be resumed only if both files are there, so the file that says so is written last.
        if let Some(settings) = &settings {
            let path = folder.join("campaign.json");
            redact::write_json(&path, settings).map_err(LedgerError::at(&path))?;
        }
        Ok(Ledger {
            folder: folder.to_owned(),
            settings,
            file,
            past: Vec::new(),
        })
    }

    /// Opens the files of a campaign that was interrupted or killed.
    ///
    /// # Errors
    /// When the folder does not belong to a campaign, or the campaign has ended or is still
    /// running.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        let path = folder.join("campaign.json");
        let bad = |path: &Path, message: String| LedgerError::Content {
            path: path.to_owned(),
            message,
        };
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LedgerError::NoCampaign(folder.to_owned()));
            }
            read => read.map_err(LedgerError::at(&path))?,
        };
        let version: Version =
            serde_json::from_str(&text).map_err(|error| bad(&path, error.to_string()))?;
        if version.comeback_campaign != VERSION {
            let theirs = version.comeback_campaign;
            let message = format!("it is of version {theirs}, and this comeback knows {VERSION}");
            return Err(bad(&path, message));
        }
        let settings: Settings =
            serde_json::from_str(&text).map_err(|error| bad(&path, error.to_string()))?;
        let path = trials(folder);
        let mut options = File::options();
        let open = options.read(true).append(true).open(&path);
        let mut file = open.map_err(LedgerError::at(&path))?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return Err(LedgerError::Busy(folder.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(LedgerError::at(&path)(source)),
            Ok(()) => {}
        }
        let mut read = || {
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut text)?;
            // A line that was cut would corrupt the next one.
            let whole = text.iter().rposition(|byte| *byte == b'\n');
            text.truncate(whole.map_or(0, |last| last + 1));
            file.set_len(text.len() as u64)?;
            Ok(text)
        };
        let text = read().map_err(LedgerError::at(&path))?;
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let past = lines.enumerate().map(|(nth, line)| {
            let entry = serde_json::from_slice(line);
            entry.map_err(|error| bad(&path, format!("line {}: {error}", nth + 1)))
        });
        let past = past.collect::<Result<Vec<Entry>, _>>()?;
        if past.contains(&Entry::Ended) {
            return Err(LedgerError::Ended(folder.to_owned()));
        }
        Ok(Ledger {
            folder: folder.to_owned(),
            settings: Some(settings),
            file,
            past,
        })
    }

    /// The campaign's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The campaign's stack; none where it cannot be resumed.
    pub fn stack(&self) -> Option<&StackInfo> {
        self.settings.as_ref().map(|settings| &settings.stack)
    }

    /// How many trials are finished.
    pub fn finished(&self) -> u64 {
        let trials = self
            .past
            .iter()
            .filter(|entry| matches!(entry, Entry::Trial(_)));
        trials.count() as u64
    }

    /// The campaign as it was begun, without the saved failures that are still to be replayed.
    ///
    /// # Errors
    /// When the stack, its limits or the plans differ from those it was begun with.
    pub fn campaign(&self, handle: &StackHandle) -> Result<Campaign, LedgerError> {
        let Some(settings) = &self.settings else {
            return Err(LedgerError::NoCampaign(self.folder.clone()));
        };
        let differs = |what| LedgerError::Differs {
            folder: self.folder.clone(),
            what,
        };
        if settings.stack != handle.info {
            return Err(differs("the stack"));
        }
        if settings.limits != handle.executor.limits {
            return Err(differs("a limit"));
        }
        if settings.generator != GENERATOR_VERSION
            || settings.first_plan != generator::plan(&handle.space, settings.seed, 0)
        {
            return Err(differs("what plans may hold"));
        }
        let shrink = settings.shrink_runs.zip(settings.shrink_for_ms);
        Ok(Campaign {
            seed: settings.seed,
            plans: PlanSource::Random(settings.plans),
            at_most: settings.for_ms.map(Duration::from_millis),
            max_failures: usize::try_from(settings.max_failures).unwrap_or(usize::MAX),
            max_inconclusive: settings.max_inconclusive,
            out: PathBuf::new(),
            traces: settings.traces.clone(),
            shrink: shrink.map(|(runs, within_ms)| ShrinkBudget {
                runs,
                within: Duration::from_millis(within_ms),
                shared: Some(Duration::ZERO),
            }),
            reuse: Vec::new(),
            unreadable: Vec::new(),
            known: settings.known.clone(),
        })
    }

    /// The results from before the campaign was resumed. They are handed out once.
    pub(super) fn take_past(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.past)
    }

    /// The latencies of the finished trials; those of an unfinished one are removed from the log.
    pub(super) fn latencies(&self, bytes: u64) -> Result<Latencies, LedgerError> {
        let path = self.folder.join("latency.hlog");
        let read = || {
            if bytes == 0 && !path.exists() {
                return Ok(Vec::new());
            }
            let mut file = File::options().read(true).write(true).open(&path)?;
            file.set_len(bytes)?;
            let mut log = Vec::new();
            file.read_to_end(&mut log)?;
            Ok(log)
        };
        let log = read().map_err(LedgerError::at(&path))?;
        let mut all = Latencies::default();
        for trial in latency::trials(&log) {
            let trial = trial.map_err(|error| LedgerError::Content {
                path: path.clone(),
                message: error.to_string(),
            })?;
            all.add(&trial);
        }
        Ok(all)
    }

    /// Writes a line.
    pub(super) fn write(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let write = || {
            let mut line = redact::to_json(entry)?;
            line.push('\n');
            (&self.file).write_all(line.as_bytes())
        };
        write().map_err(LedgerError::at(&trials(&self.folder)))
    }
}

#[derive(Deserialize)]
struct Version {
    comeback_campaign: u32,
}

fn trials(folder: &Path) -> PathBuf {
    // `.jsonl` is for traces only.
    folder.join("trials.ndjson")
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}
