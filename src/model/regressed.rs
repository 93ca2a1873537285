//! What has become of failures that were saved.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reproduced, Signature, Verdict};

/// What has become of all failures of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Violated if any of them still fails, or fails otherwise; else inconclusive if any is, or if
    /// there were failures and none could be replayed; else holds. What was skipped or unreadable
    /// does not count otherwise.
    pub verdict: Verdict,
    /// The folder.
    pub folder: String,
    /// The confidence that was asked for, between 0 and 1.
    pub confidence: f64,
    /// One entry per trace, in the order of the files' names.
    pub traces: Vec<Regressed>,
    /// Whether somebody ended it early.
    pub interrupted: bool,
}

/// What has become of one saved failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Regressed {
    /// The trace's file.
    pub trace: String,
    /// The signature that it was saved for; none where it had not failed or cannot be read.
    pub signature: Option<Signature>,
    /// What has become of it.
    pub fate: Fate,
    /// Why that is said, in words.
    pub because: String,
    /// How often the failure showed before, in executions that measured it: 0 of 0 where the trace
    /// does not say.
    pub recorded: Reproduced,
    /// How often it showed now, in how many executions that could tell.
    pub reproduced: Reproduced,
    /// How many executions told nothing.
    pub inconclusive: u64,
    /// How many passes in a row were needed for the confidence; none where there was nothing to
    /// replay, or it were more than a million.
    pub needed: Option<u64>,
    /// With which probability the recorded failure would have shown in the executions that passed,
    /// if nothing had been changed.
    pub confidence: f64,
    /// The other failure that was seen instead.
    pub other: Option<Signature>,
    /// Where the replays' traces are; none where there were none.
    pub run: Option<String>,
}

/// What has become of a saved failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It has not shown, as often as its rate needs.
    Fixed,
    /// It has shown again.
    StillFails,
    /// It has not shown, but its plan made the API fail in another way.
    FailsOtherwise,
    /// It has not shown so far, in too few executions to tell, or its rate was never measured.
    Inconclusive,
    /// It was not replayed: it is another stack's, or it had not failed.
    Skipped,
    /// The file is no trace that can be read.
    Unreadable,
}

impl Regression {
    /// Merges what has become of each.
    pub fn verdict_of(traces: &[Regressed]) -> Verdict {
        let verdicts = traces.iter().map(|trace| trace.fate.verdict());
        let is_failure = |trace: &&Regressed| trace.signature.is_some();
        let mut failures = traces.iter().filter(is_failure).peekable();
        let is_in_vain =
            failures.peek().is_some() && failures.all(|trace| trace.fate == Fate::Skipped);
        match verdicts.max().unwrap_or(Verdict::Holds) {
            Verdict::Holds if is_in_vain => Verdict::Inconclusive,
            verdict => verdict,
        }
    }

    /// How many of the traces met with a fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.traces
            .iter()
            .filter(|trace| trace.fate == fate)
            .count()
    }
}

impl Regressed {
    /// A trace that has not been replayed, at least not yet.
    pub fn not_replayed(trace: String, fate: Fate, because: impl Into<String>) -> Self {
        Regressed {
            trace,
            signature: None,
            fate,
            because: because.into(),
            recorded: Reproduced { failed: 0, runs: 0 },
            reproduced: Reproduced { failed: 0, runs: 0 },
            inconclusive: 0,
            needed: None,
            confidence: 0.0,
            other: None,
            run: None,
        }
    }
}

impl Fate {
    fn verdict(self) -> Verdict {
        match self {
            Fate::StillFails | Fate::FailsOtherwise => Verdict::Violated,
            Fate::Inconclusive => Verdict::Inconclusive,
            Fate::Fixed | Fate::Skipped | Fate::Unreadable => Verdict::Holds,
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fate::Fixed => "FIXED",
            Fate::StillFails => "STILL FAILS",
            Fate::FailsOtherwise => "FAILS OTHERWISE",
            Fate::Inconclusive => "INCONCLUSIVE",
            Fate::Skipped => "skipped",
            Fate::Unreadable => "UNREADABLE",
        })
    }
}
