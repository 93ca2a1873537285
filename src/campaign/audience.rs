//! Watching a campaign.

use std::fmt;
use std::time::Duration;

use crate::executor::Executor;
use crate::model::{Judgement, Plan, Regressed, duration_s};
use crate::trace::Recorder;

/// Watches a campaign.
pub trait Audience: Sync {
    /// A trial begins on this executor; its history can be followed.
    fn trial_begins(&self, plan: &Plan, executor: &Executor, recorder: &Recorder);
    /// A trial has been judged.
    fn trial_ended(&self, plan: &Plan, judgement: &Judgement);
    /// A saved failure has been replayed.
    fn reused(&self, regressed: &Regressed);
    /// Another plan is executed to make a failing one smaller.
    fn shrinking(&self, so_far: &ShrinkingSoFar);
    /// The plan of a new failure is executed without its faults.
    fn control(&self) {
        self.busy("control: without faults");
    }
    /// Something else takes a while.
    fn busy(&self, what: &str);
}

/// How far shrinking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkingSoFar {
    /// The steps that the failing plan was found with.
    pub steps_at_first: usize,
    /// The steps of the smallest plan that fails.
    pub steps: usize,
    /// The number of the execution that begins, from one.
    pub execution: u64,
    /// How long it has been going on.
    pub elapsed: Duration,
}

impl ShrinkingSoFar {
    /// How far it is, without the time that it has taken.
    pub fn what(&self) -> String {
        let (before, now, nth) = (self.steps_at_first, self.steps, self.execution);
        format!("shrinking: {before} → {now} steps, execution {nth}")
    }
}

impl fmt::Display for ShrinkingSoFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = duration_s(self.elapsed.as_secs());
        write!(f, "{} · {took}", self.what())
    }
}
