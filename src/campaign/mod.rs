//! Many trials: generate, execute, check, save.
//!
//! A campaign decides what is tried next and when to stop. It shows nothing itself: [`Audience`] is
//! for that.

mod attempt;
mod audience;
mod campaign;
mod contradictions;
mod control;
mod error;
mod fidelity;
mod interrupt;
mod ledger;
mod live_runner;
mod notes;
mod prior;
mod progress;
mod recovery;
mod regress;
mod replay;
mod replayer;
mod retention;
mod reuse;
mod run;
mod save;
mod shared_stack;
mod shrinking;
mod side_by_side;
mod stack_handle;
mod stack_info;
mod stacks;
mod trial_queue;

pub use attempt::Attempt;
pub use audience::{Audience, ShrinkingSoFar};
pub use campaign::{Campaign, PlanSource, Saved};
pub use contradictions::Contradiction;
pub use control::Unseen;
pub use error::{CampaignError, LedgerError, SaveError};
pub use interrupt::Interrupt;
pub use ledger::Ledger;
pub use live_runner::LiveRunner;
pub use regress::Regress;
pub use replay::Replay;
pub use replayer::Replayer;
pub use save::run_folder;
pub use shrinking::{ShrinkBudget, Shrinking, Shrunken};
pub use stack_handle::{StackHandle, TrialRunner};
pub use stack_info::stack_info;
pub use stacks::Stacks;
