//! A failure before shrinking, and after.

use std::collections::BTreeMap;

use super::bisection::Bounds;
use super::passes::Number;
use crate::model::{Plan, StepId, StepTimes};

/// The failure that is to be shrunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The plan that failed.
    pub plan: Plan,
    /// When its steps were done.
    pub times: StepTimes,
    /// The logarithm of each step's odds to be needed, against the average step's; zero for a step that is not named.
    pub odds: BTreeMap<StepId, f64>,
}

/// What is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The smallest plan that failed often enough.
    pub plan: Plan,
    /// Whether shrinking came to its own end; else the executions did.
    pub finished: bool,
    /// How sure it is that each step is needed, from 0 to 1.
    pub needed: BTreeMap<StepId, f64>,
    /// The numbers that matter, and where they begin to.
    pub boundaries: Vec<Boundary>,
}

/// Where a number begins to matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The number.
    pub number: Number,
    /// Its boundary.
    pub bounds: Bounds,
}
