//! What a shrunk failure needs, in words and in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepId;

/// What a shrunk failure needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The rules by which it claims what it does; 0 in traces of before there was more than one set
    /// of rules.
    #[serde(default)]
    pub rules: u32,
    /// One paragraph in plain words.
    pub text: String,
    /// The steps that are left, and the background load as `background`.
    pub steps: Vec<NeededStep>,
    /// Other faults that were tried in the place of the plan's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
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
    /// What is said of it.
    #[serde(default)]
    pub standing: Standing,
    /// How many executions of the plan without it passed.
    #[serde(default)]
    pub passed: u32,
}

/// What is known of a step that is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The plan was tried without it, and passed often enough.
    Needed,
    /// The plan fails without it too, but less often.
    Rarer,
    /// The plan was tried without it, but too seldom to tell.
    Undecided,
    /// The plan was never tried without it.
    #[default]
    NeverTried,
}

/// Another fault that was tried in the place of one of the plan's, for as long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The step whose fault was exchanged.
    pub step: StepId,
    /// The kind of the other fault.
    pub fault: String,
    /// Whether the plan fails with it, too.
    pub fails: bool,
    /// How many executions that took.
    pub runs: u32,
}

/// A number of a shrunk plan that matters, and from where on it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NeededNumber {
    /// The step.
    pub step: StepId,
    /// Which of its numbers, in words.
    pub what: String,
    /// Its unit: `ms` for a time, nothing for a count.
    pub unit: String,
    /// Its value in the shrunk plan.
    pub value: u64,
    /// The boundary lies at or below this value,
    pub fails_from: u64,
    /// and above this one.
    pub passes_at: u64,
    /// How sure that is, from 0 to 1.
    #[serde(default)]
    pub confidence: f64,
    /// Whether the two are measured and not planned values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub measured: bool,
    /// All this in one sentence.
    pub text: String,
}

/// What shrinking a failure took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkHistory {
    /// Executions that looked for a smaller plan, or for what the smallest one needs.
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
    /// What it was for: `shrink`, `guard` or `explain`.
    pub what: String,
}
