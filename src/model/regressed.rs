//! The results of replaying saved failures.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reproduced, Signature, Verdict};

/// The result of replaying all traces of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Violated if any still fails, or fails otherwise. Else inconclusive if any is, or if there
    /// were failures and all of them were skipped. Else holds.
    pub verdict: Verdict,
    /// The folder.
    pub folder: String,
    /// The confidence asked for, between 0 and 1.
    pub confidence: f64,
    /// One entry per trace, in the order of file names.
    pub traces: Vec<Regressed>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// The result of replaying one saved failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Regressed {
    /// The trace's file.
    pub trace: String,
    /// The failure it was saved for; none if it had not failed or cannot be read.
    pub signature: Option<Signature>,
    /// The result.
    pub fate: Fate,
    /// The reason for it, in words.
    pub because: String,
    /// How often the failure occurred when it was recorded; 0 of 0 if the trace does not say.
    pub recorded: Reproduced,
    /// How often it occurred now.
    pub reproduced: Reproduced,
    /// How many executions were inconclusive.
    pub inconclusive: u64,
    /// How many passes in a row the confidence needs; none if there was nothing to replay, or if it
    /// is more than a million.
    pub needed: Option<u64>,
    /// The probability that the recorded failure would have occurred in the executions that passed,
    /// if it were not fixed.
    pub confidence: f64,
    /// The other failure that occurred instead.
    pub other: Option<Signature>,
    /// The folder of the replays' traces; none if there were none.
    pub run: Option<String>,
}

/// What became of a saved failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It did not occur in as many executions as its rate demands.
    Fixed,
    /// It occurred again.
    StillFails,
    /// It did not occur, but its plan made the API fail in another way.
    FailsOtherwise,
    /// It did not occur, but in too few executions, or its rate was never measured.
    Inconclusive,
    /// It was not replayed: it belongs to another stack, or it had not failed.
    Skipped,
    /// The file cannot be read, or is not a trace.
    Unreadable,
}

impl Regression {
    /// Merges the results: see [`Regression::verdict`].
    pub fn verdict_of(traces: &[Regressed]) -> Verdict {
        let verdicts = traces.iter().map(|trace| trace.fate.verdict());
        let mut failures = traces.iter().filter(|trace| trace.signature.is_some());
        let has_failures = failures.clone().next().is_some();
        match verdicts.max().unwrap_or(Verdict::Holds) {
            Verdict::Holds if has_failures && failures.all(|t| t.fate == Fate::Skipped) => {
                Verdict::Inconclusive
            }
            verdict => verdict,
        }
    }

    /// How many of the traces have this result.
    pub fn count(&self, fate: Fate) -> usize {
        let traces = self.traces.iter();
        traces.filter(|trace| trace.fate == fate).count()
    }
}

impl Regressed {
    /// A trace that has not been replayed, or not yet.
    pub fn not_replayed(trace: String, fate: Fate, because: impl Into<String>) -> Self {
        Regressed {
            trace,
            signature: None,
            fate,
            because: because.into(),
            recorded: Reproduced::default(),
            reproduced: Reproduced::default(),
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
