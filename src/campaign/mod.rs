//! Many trials: generate, execute, check, save.
//!
//! A campaign decides what is tried next and when to stop. It shows nothing: whoever wants to watch
//! is told through [`Audience`].

mod contradictions;
mod control;
mod fidelity;
mod fresh;
mod interrupt;
mod ledger;
mod notes;
mod odds;
mod progress;
mod recovery;
mod regress;
mod replay;
mod reuse;
mod run;
mod save;
mod shelf;
mod shrinking;
mod simulation;
mod stack_info;
mod stacks;
mod trial;
mod work;

pub use contradictions::Contradiction;
pub use control::Unseen;
pub use fresh::FreshStack;
pub use interrupt::Interrupt;
pub use ledger::{Ledger, LedgerError};
pub use regress::Regress;
pub use replay::Replay;
pub use reuse::Saved;
pub use run::{Campaign, PlanSource};
pub use save::{SaveError, run_folder};
pub use shrinking::{ShrinkBudget, Shrunken};
pub use simulation::{Simulation, SimulationError, World};
pub use stack_info::stack_info;
pub use stacks::Stacks;

use std::sync::Arc;

use tokio::time::Instant;

use crate::executor::{Executor, ResetPolicy};
use crate::generator::Space;
use crate::invariant::Invariant;
use crate::load::{Client, ClientParts, Draw, LoadError, Readiness};
use crate::model::{Judgement, LogPatterns, Plan, Regressed};
use crate::nemesis::NemesisError;
use crate::trace::{Recorder, Redaction, StackInfo, TraceError};
use crate::watch;

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
    /// Where trials are simulated: what makes a world for each. The executor's own stack is not
    /// used then.
    pub simulation: Option<Simulation>,
}

impl Bench {
    /// A client outside of any trial, sending any of the kinds. The backends count as ready, so a
    /// job's limit runs from its acceptance. The name tells its tokens from those of others.
    ///
    /// # Errors
    /// When a kind cannot be sent as it is described.
    pub fn client(&self, name: &str, seed: u64, recorder: Recorder) -> Result<Client, LoadError> {
        let executor = &self.executor;
        // Nobody will ever say that a backend has gone, so the other end is not needed.
        let (_, readiness) = watch::channel(Readiness::ReadySince(Instant::now()));
        Client::new(ClientParts {
            transport: Arc::clone(&executor.transport),
            kinds: &executor.kinds,
            limits: &executor.limits,
            caps: executor.caps,
            recorder,
            readiness,
            draw: Draw {
                seed,
                index: 0,
                token_prefix: format!("{name}-{seed:x}"),
            },
        })
    }

    /// A recorder that writes no file.
    pub fn recorder(&self) -> Recorder {
        Recorder::new(None, self.redaction.clone(), u64::MAX)
    }
}

/// Watches a campaign.
pub trait Audience: Sync {
    /// A trial begins, which this executor will do; its history can be followed.
    fn trial_begins(&self, plan: &Plan, executor: &Executor, recorder: &Recorder);
    /// A trial has been judged.
    fn trial_ended(&self, plan: &Plan, judgement: &Judgement);
    /// A saved failure has been replayed.
    fn reused(&self, told: &Regressed);
    /// Another plan is executed, to make a failing one smaller: how far that has come.
    fn shrinking(&self, how_far: &str);
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
    /// What a campaign remembers could not be written or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A world could not be made.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
}
