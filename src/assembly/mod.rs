//! From a configuration to the concrete parts of a stack: which driver, which probe, which
//! transport.
//!
//! The command line and [`LiveStack`] both build their stacks here. Nothing in this module prints.

mod blueprint;
mod configured;
mod error;
mod hold;
mod journals;
mod live_stack;
mod program;
mod reaper;
mod signals;
mod this_machine;

pub(crate) use blueprint::Blueprint;
#[cfg(feature = "cli")]
pub(crate) use configured::selector;
pub(crate) use configured::{Presence, configured};
pub use error::AssemblyError;
pub(crate) use hold::Hold;
#[cfg(feature = "cli")]
pub(crate) use journals::is_alive;
pub(crate) use journals::{begin_journal, state_folder};
pub use live_stack::LiveStack;
pub(crate) use reaper::Reaper;
pub(crate) use signals::Signals;
#[cfg(feature = "cli")]
pub(crate) use this_machine::check as stays_on_this_machine;
