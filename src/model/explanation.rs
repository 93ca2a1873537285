//! What a shrunk failure needs, in words and in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepId;

/// What a shrunk failure needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// One paragraph in plain words.
    pub text: String,
    /// The steps that are left.
    pub steps: Vec<NeededStep>,
    /// The numbers that matter.
    pub numbers: Vec<NeededNumber>,
}

/// A step of a shrunk plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NeededStep {
    /// The step.
    pub step: StepId,
    /// How sure it is that the failure needs it, from 0 to 1.
    pub needed: f64,
}

/// A number of a shrunk plan that matters, and from where on it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NeededNumber {
    /// The step.
    pub step: StepId,
    /// Which of its numbers, in words.
    pub what: String,
    /// Its unit: `ms` for a time, nothing for a count.
    pub unit: String,
    /// Its value in the shrunk plan.
    pub value: u64,
    /// The least value that was seen to fail.
    pub fails_from: u64,
    /// The greatest value of which it is fairly sure (90 %) that it does not fail.
    pub passes_at: u64,
    /// All this in one sentence.
    pub text: String,
}

/// What shrinking a failure took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkHistory {
    /// Executions that looked for a smaller plan.
    pub runs: u64,
    /// Executions that looked how often a plan fails.
    pub guard_runs: u64,
    /// The steps of the plan that failed first.
    pub from_steps: usize,
    /// The steps of the smallest plan.
    pub to_steps: usize,
    /// Whether shrinking came to its own end, and was not ended by its budget or by somebody.
    pub finished: bool,
    /// Every execution, in order.
    pub history: Vec<ShrinkRun>,
}

/// One execution while shrinking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkRun {
    /// Its number, from 1.
    pub run: u64,
    /// The steps of its plan.
    pub steps: usize,
    /// Whether the failure showed; none where the execution was inconclusive.
    pub failed: Option<bool>,
    /// Whether another failure showed in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub otherwise: bool,
    /// What it was for: `shrink` or `guard`.
    pub what: String,
}
