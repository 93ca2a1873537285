//! Many trials: generate, execute, check, save.
//!
//! A campaign decides what is tried next and when to stop. It shows nothing: whoever wants to watch is told through
//! [`Audience`].

mod interrupt;
mod replay;
mod run;
mod save;
mod trial;

pub use interrupt::Interrupt;
pub use replay::Replay;
pub use run::{Campaign, Plans};
pub use save::SaveError;

use crate::executor::{Executor, ResetPolicy};
use crate::generator::Space;
use crate::invariant::Invariant;
use crate::model::{Judgement, LogPatterns, Plan};
use crate::nemesis::NemesisError;
use crate::trace::{Recorder, Redaction, StackInfo, TraceError};

/// Everything that a stack's trials need, whatever is made of them.
pub struct Bench {
    /// Executes the plans.
    pub executor: Executor,
    /// What plans may hold.
    pub space: Space,
    /// What traces tell of the stack.
    pub info: StackInfo,
    /// What must not reach a trace.
    pub redaction: Redaction,
    /// What the API's log is expected to show.
    pub log: LogPatterns,
    /// What is checked.
    pub invariants: Vec<Box<dyn Invariant>>,
    /// When the stack is reset.
    pub reset: ResetPolicy,
}

/// Watches a campaign.
pub trait Audience: Sync {
    /// A trial begins; its history can be followed.
    fn trial_begins(&self, plan: &Plan, recorder: &Recorder);
    /// A trial has been judged.
    fn trial_ended(&self, plan: &Plan, judgement: &Judgement);
    /// Something else takes a while.
    fn busy(&self, what: &str);
}

/// A campaign that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The stack could not be brought up, reset or released.
    #[error(transparent)]
    Stack(#[from] NemesisError),
    /// A trace could not be written or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A file of the campaign could not be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}
