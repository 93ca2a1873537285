//! A failure before shrinking, and after.

use std::collections::{BTreeMap, BTreeSet};

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
    /// No step of a smaller plan is to start later than so long after what it is anchored to.
    pub longest_offset_ms: u64,
}

/// What is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The smallest plan that failed often enough.
    pub plan: Plan,
    /// How it ended.
    pub ending: Ending,
    /// How sure it is that each step is needed, from 0 to 1.
    pub needed: BTreeMap<StepId, f64>,
    /// The steps without which it fails as well, but too seldom.
    pub rarer: BTreeSet<StepId>,
    /// The numbers that matter, and where they begin to.
    pub boundaries: Vec<Boundary>,
}

/// How shrinking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There is nothing more to make smaller.
    Finished,
    /// There were no more executions.
    Stopped,
    /// The failure did not show again, in so many executions that it may as well be gone: nothing can be said of what it needs.
    NotShownAgain,
}

/// Where a number begins to matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The number.
    pub number: Number,
    /// Its boundary.
    pub bounds: Bounds,
}
