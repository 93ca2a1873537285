//! The result of replaying one trace.

use serde::{Deserialize, Serialize};

use super::{Judgement, Reproduced, Signature, StepId, Verdict};

/// The result of replaying a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// Violated if any execution failed, in whatever way; else inconclusive if most executions were
    /// inconclusive; else holds.
    pub verdict: Verdict,
    /// The recorded failure; none if the trace had not failed.
    pub signature: Option<Signature>,
    /// How often it occurred.
    pub reproduced: Reproduced,
    /// The rate's Wilson interval at 95 % confidence.
    pub rate_interval: (f64, f64),
    /// The other failures that occurred instead.
    pub others: Vec<OtherFailure>,
    /// How many executions were inconclusive. They are not counted as runs.
    pub inconclusive: u64,
    /// How many times faster than written the plan was executed.
    pub speed: f64,
    /// How closely the executions followed the recorded one.
    pub fidelity: Fidelity,
    /// The result of each execution.
    pub judgements: Vec<Judgement>,
    /// The folder of their traces.
    pub run: String,
    /// Why there were fewer executions than asked for, other than an interrupt.
    pub ended_early: Option<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// A failure other than the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherFailure {
    /// Its signature.
    pub signature: Signature,
    /// In how many executions it was the primary one.
    pub runs: u64,
}

/// How closely replays followed the recorded execution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// How far the steps' starts drifted; none if no step started both times.
    pub starts: Option<Drift>,
    /// The steps that were skipped in one and done in another.
    pub skipped: Vec<Skipped>,
    /// The loads whose requests ended otherwise than recorded in any conclusive execution.
    pub outcomes: Vec<Differing>,
}

/// How far the starts of steps were from the recorded ones, earlier or later. Each counts from the
/// beginning of its own plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// How many starts were compared, over all steps and executions.
    pub starts: u64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
}

/// A step that was skipped when recorded and done in a replay, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The step.
    pub step: StepId,
    /// Whether it was skipped when recorded.
    pub when_recorded: bool,
    /// In how many replays it was skipped.
    pub skipped: u64,
    /// In how many replays it was either done or skipped.
    pub of: u64,
}

/// The outcomes of one load that differ from the recorded ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// The step, or `background`.
    pub load: String,
    /// The recorded outcomes.
    pub recorded: Counts,
    /// The outcomes of each replay.
    pub replayed: Vec<Counts>,
}

/// Numbers of requests by [`Outcome`](super::Outcome).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Answered as expected.
    pub ok: u64,
    /// Answered without success.
    pub failed: u64,
    /// Not answered.
    pub unknown: u64,
}
