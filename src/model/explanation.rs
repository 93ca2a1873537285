//! What a shrunk failure needs, in words and in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepId;

/// What a shrunk failure needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The version of the rules for what it may claim; 0 in traces from before there were any.
    #[serde(default)]
    pub rules: u32,
    /// One paragraph in plain words.
    pub text: String,
    /// The steps that are left; the background load is called `background`.
    pub steps: Vec<NeededStep>,
    /// Other kinds of fault that were tried instead of the plan's.
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
    /// The probability that the failure needs it, from 0 to 1.
    pub needed: f64,
    /// What is known of it.
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
    /// Without it, the plan passed often enough.
    Needed,
    /// Without it, the plan fails too, but less often.
    Rarer,
    /// The plan was tried without it, but too rarely to tell.
    Undecided,
    /// The plan was never tried without it.
    #[default]
    NeverTried,
}

/// Another kind of fault, tried instead of one of the plan's with the same outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The step whose fault was replaced.
    pub step: StepId,
    /// The kind of the other fault.
    pub fault: String,
    /// Whether the plan fails with it, too.
    pub fails: bool,
    /// How many executions were needed to tell.
    pub runs: u32,
}

/// A number of a shrunk plan that decides between failing and passing, and its boundary.
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
    /// The plan fails from this value on; the boundary is not higher.
    pub fails_from: u64,
    /// The plan passes at this value; the boundary is higher.
    pub passes_at: u64,
    /// The confidence in this interval, from 0 to 1.
    #[serde(default)]
    pub confidence: f64,
    /// Whether the two values are measured rather than planned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub measured: bool,
    /// All of this in one sentence.
    pub text: String,
}

/// What shrinking a failure took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkHistory {
    /// Executions that searched for a smaller plan, or for what the smallest one needs.
    pub runs: u64,
    /// Executions that measured how often a plan fails.
    pub guard_runs: u64,
    /// How many steps the original plan has.
    pub from_steps: usize,
    /// How many steps the smallest plan has.
    pub to_steps: usize,
    /// Whether shrinking was completed, rather than ended by its budget or an interrupt.
    pub finished: bool,
    /// Every execution, in order.
    pub history: Vec<ShrinkRun>,
}

/// One execution while shrinking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkRun {
    /// Its number, from 1.
    pub run: u64,
    /// How many steps its plan had.
    pub steps: usize,
    /// Whether the failure occurred; none if the execution was inconclusive.
    pub failed: Option<bool>,
    /// Whether another failure occurred instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub otherwise: bool,
    /// Its purpose: `shrink`, `guard` or `explain`.
    pub what: String,
}
