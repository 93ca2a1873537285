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
mod reaper;
mod signals;
mod this_machine;

pub(crate) use blueprint::Blueprint;
pub(crate) use configured::{Presence, configured, selector};
pub use error::AssemblyError;
pub(crate) use hold::Hold;
pub(crate) use journals::{begin_journal, is_alive, state_folder};
pub use live_stack::LiveStack;
pub(crate) use reaper::Reaper;
pub(crate) use signals::Signals;
pub(crate) use this_machine::check as stays_on_this_machine;
