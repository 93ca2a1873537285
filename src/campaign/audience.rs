//! Watching a campaign.

use crate::executor::Executor;
use crate::model::{Judgement, Plan, Regressed};
use crate::trace::Recorder;

/// Watches a campaign.
pub trait Audience: Sync {
    /// A trial begins on this executor; its history can be followed.
    fn trial_begins(&self, plan: &Plan, executor: &Executor, recorder: &Recorder);
    /// A trial has been judged.
    fn trial_ended(&self, plan: &Plan, judgement: &Judgement);
    /// A saved failure has been replayed.
    fn reused(&self, regressed: &Regressed);
    /// Another plan is executed to make a failing one smaller; how far that has come.
    fn shrinking(&self, how_far: &str);
    /// Something else takes a while.
    fn busy(&self, what: &str);
}
