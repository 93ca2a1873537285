//! A failure before shrinking, and after.

use std::collections::BTreeMap;

use super::bisection::Bracket;
use crate::model::Number;
use crate::model::{Alternative, Plan, Standing, StepId, StepTimes};

/// The failure that is to be shrunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The plan that failed.
    pub plan: Plan,
    /// When its steps were done.
    pub times: StepTimes,
    /// The logarithm of each step's odds to be needed, against the average step's; zero for a step
    /// that is not named.
    pub log_odds: BTreeMap<StepId, f64>,
    /// The greatest offset in a smaller plan from what a step is anchored to.
    pub longest_offset_ms: u64,
}

/// What is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The smallest plan that failed often enough.
    pub plan: Plan,
    /// How it ended.
    pub ending: Ending,
    /// What is known of each step, and of the background load; what is not there was never tried
    /// without.
    pub needs: BTreeMap<StepId, Need>,
    /// Other faults that were tried instead of the plan's.
    pub alternatives: Vec<Alternative>,
    /// The numbers that matter, and where they begin to.
    pub boundaries: Vec<Boundary>,
}

/// What came of the plan without one of its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// What is said of the step.
    pub standing: Standing,
    /// Executions without it that passed.
    pub passed: u32,
    /// How sure it is that the failure needs it, from 0 to 1.
    pub sure: f64,
}

/// How shrinking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There is nothing more to make smaller.
    Finished,
    /// There were no more executions.
    Stopped,
    /// The failure did not show again, in enough executions that it may as well be gone: nothing
    /// can be said of what it needs.
    NotShownAgain,
}

/// Where a number begins to matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The number.
    pub number: Number,
    /// The interval in which the boundary lies, with [`CONFIDENCE`](super::CONFIDENCE), as planned.
    pub bounds: Bracket,
    /// The same as it was measured, where that is another one than what was planned.
    pub measured: Option<Bracket>,
}
