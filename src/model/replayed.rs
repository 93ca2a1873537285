//! What is said of a trace that was replayed.

use serde::{Deserialize, Serialize};

use super::{Judgement, Reproduced, Signature, StepId, Verdict};

/// What replaying a trace showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// Violated if any execution was, in whatever way; else inconclusive if more executions were
    /// inconclusive than not; else holds.
    pub verdict: Verdict,
    /// The signature that was looked for; none where the trace had not failed.
    pub signature: Option<Signature>,
    /// How often it showed.
    pub reproduced: Reproduced,
    /// The rate's Wilson interval at 95 % confidence.
    pub rate_interval: (f64, f64),
    /// The other failures that were seen instead.
    pub others: Vec<OtherFailure>,
    /// How many executions told nothing. They are not counted as runs.
    pub inconclusive: u64,
    /// How many times as fast as it is written the plan was performed.
    pub speed: f64,
    /// How close to the recorded execution these were.
    pub fidelity: Fidelity,
    /// What was said of each execution.
    pub judgements: Vec<Judgement>,
    /// Where their traces are.
    pub run: String,
    /// Why it was not executed as often as it was asked for, if nobody wanted that.
    pub ended_early: Option<String>,
    /// Whether somebody ended it early.
    pub interrupted: bool,
}

/// A failure other than the one that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherFailure {
    /// Its signature.
    pub signature: Signature,
    /// In how many executions it was the primary one.
    pub runs: u64,
}

/// How close to a recorded execution others of the same plan were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// How far starts were from the recorded ones; none where no step started both times.
    pub starts: Option<Drift>,
    /// The steps that were skipped in one of both.
    pub skipped: Vec<Skipped>,
    /// The loads whose requests ended otherwise than the recorded ones, in all executions that told
    /// something.
    pub outcomes: Vec<Differing>,
}

/// How far the starts of steps were from the recorded ones, earlier or later, each counted from its
/// own plan's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// How many starts were compared, over all steps and executions.
    pub starts: u64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
}

/// A step that was skipped in the recorded execution and done in another one, or the other way
/// round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The step.
    pub step: StepId,
    /// Whether it was skipped when it was recorded.
    pub when_recorded: bool,
    /// In how many executions it was skipped now.
    pub skipped: u64,
    /// In how many executions it was reached now, and done or skipped.
    pub of: u64,
}

/// The outcomes of one load, where they differ from the recorded ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// The step, or `background`.
    pub load: String,
    /// What was recorded.
    pub recorded: Counts,
    /// What came of each execution.
    pub replayed: Vec<Counts>,
}

/// How many requests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// As expected.
    pub ok: u64,
    /// The API answered, and it was no success.
    pub failed: u64,
    /// There was no answer.
    pub unknown: u64,
}
