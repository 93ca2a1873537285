//! Many trials: generate, execute, check, save.
//!
//! A campaign decides what is tried next and when to stop. It shows nothing: whoever wants to watch
//! is told through [`Audience`].

mod audience;
mod bench;
mod contradictions;
mod control;
mod error;
mod fidelity;
mod fresh_stack;
mod interrupt;
mod ledger;
mod notes;
mod prior;
mod progress;
mod recovery;
mod regress;
mod replay;
mod retention;
mod reuse;
mod run;
mod save;
mod shrinking;
mod simulation;
mod stack_info;
mod stacks;
mod trial;
mod trial_queue;

pub use audience::{Audience, ShrinkingSoFar};
pub use bench::Bench;
pub use contradictions::Contradiction;
pub use control::Unseen;
pub use error::CampaignError;
pub use fresh_stack::FreshStack;
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
