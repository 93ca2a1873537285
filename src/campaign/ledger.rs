//! What a campaign's folder remembers, so that the campaign can go on after it was ended: its
//! settings in `campaign.json`, and a line for whatever has come of it in `trials.ndjson`.
//!
//! A line is written at once, when a trial is finished. A trial without one is done again; a last
//! line that was cut is none.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::Control;
use super::{Bench, Campaign, PlanSource, ShrinkBudget};
use crate::generator::{self, GENERATOR_VERSION};
use crate::latency::{self, Latencies};
use crate::model::{Failure, Figure, Limits, Plan, Regressed, Signature, Tested, Verdict};
use crate::redact;
use crate::trace::StackInfo;

/// The version of the two files.
const VERSION: u32 = 1;

/// A campaign that cannot be resumed, or whose files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is none of a campaign of random plans.
    #[error("{} has no campaign.json, so there is nothing to resume: is it the folder of a run of random plans?", .0.display())]
    NoCampaign(PathBuf),
    /// A file's content makes no sense.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// It came to its own end.
    #[error("{} came to its end; there is nothing to resume, and `comeback report` tells what it found", .0.display())]
    Ended(PathBuf),
    /// Somebody is at it.
    #[error("{} is still under way, or is being resumed by somebody else", .0.display())]
    Busy(PathBuf),
    /// The stack, or what is asked of it, is not what it was.
    #[error("{}: {what} differs from what the campaign began with; begin a new one, or go back to the old settings", folder.display())]
    Differs {
        /// The campaign's folder.
        folder: PathBuf,
        /// What differs.
        what: &'static str,
    },
}

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
    /// The plans depend on the stack's configuration too; where the first one is another, the
    /// others are.
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
    /// Which plan.
    pub index: u64,
    /// What came of it.
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
    /// The failure, where nobody in this campaign had seen it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The control that was run after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<(Signature, Control)>,
    /// What it tested; unknown in a campaign of before that was counted.
    #[serde(default, skip_serializing_if = "Tested::is_unknown")]
    pub tested: Tested,
    /// How long recovery took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<Figure>,
    /// How long the campaign had been going on, in milliseconds.
    pub elapsed_ms: u64,
    /// How long `latency.hlog` was with it.
    pub latency_bytes: u64,
    /// How many older traces had been removed before it, to make room.
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
        bench: &Bench,
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
                stack: bench.info.clone(),
                limits: bench.executor.limits.clone(),
                first_plan: generator::plan(&bench.space, campaign.seed, 0),
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
        let file = create().map_err(|source| io_at(&path, source))?;
        // It can be resumed only if both files are there, so what tells that it can is written
        // last.
        if let Some(settings) = &settings {
            write_whole(&folder.join("campaign.json"), settings)?;
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
    /// When the folder is none of a campaign, or of one that came to its end or is under way.
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
            read => read.map_err(|source| io_at(&path, source))?,
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
        let mut file = open.map_err(|source| io_at(&path, source))?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return Err(LedgerError::Busy(folder.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(io_at(&path, source)),
            Ok(()) => {}
        }
        let mut read = || {
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut text)?;
            // What is cut would spoil the line that follows it.
            let whole = text.iter().rposition(|byte| *byte == b'\n');
            text.truncate(whole.map_or(0, |last| last + 1));
            file.set_len(text.len() as u64)?;
            Ok(text)
        };
        let text = read().map_err(|source| io_at(&path, source))?;
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

    /// The campaign as it was begun, but for saved failures that are still to be replayed, if this
    /// bench is what it was begun with.
    ///
    /// # Errors
    /// When the stack, its limits, or the plans are others.
    pub fn campaign(&self, bench: &Bench) -> Result<Campaign, LedgerError> {
        let Some(settings) = &self.settings else {
            return Err(LedgerError::NoCampaign(self.folder.clone()));
        };
        let differs = |what| LedgerError::Differs {
            folder: self.folder.clone(),
            what,
        };
        if settings.stack != bench.info {
            return Err(differs("the stack"));
        }
        if settings.limits != bench.executor.limits {
            return Err(differs("a limit"));
        }
        if settings.generator != GENERATOR_VERSION
            || settings.first_plan != generator::plan(&bench.space, settings.seed, 0)
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

    /// What came of the campaign before it was resumed. It is handed out once.
    pub(super) fn take_past(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.past)
    }

    /// The latencies of the trials that are finished; those of one that was not are removed from
    /// the log.
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
        let log = read().map_err(|source| io_at(&path, source))?;
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
        write().map_err(|source| io_at(&trials(&self.folder), source))
    }
}

#[derive(Deserialize)]
struct Version {
    comeback_campaign: u32,
}

fn trials(folder: &Path) -> PathBuf {
    // Traces end in `.jsonl`, so that this may not.
    folder.join("trials.ndjson")
}

fn io_at(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io {
        path: path.to_owned(),
        source,
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// Writes a file so that it is either there as a whole or not at all.
pub(super) fn write_whole(path: &Path, content: &impl Serialize) -> Result<(), LedgerError> {
    let write = || {
        let mut text = redact::to_json_pretty(content)?;
        text.push('\n');
        let new = path.with_extension("json.new");
        fs::write(&new, text)?;
        fs::rename(&new, path)
    };
    write().map_err(|source| io_at(path, source))
}
