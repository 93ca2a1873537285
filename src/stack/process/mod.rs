//! The `process` driver: a local command in a process group of its own.
//!
//! A service lives as long as its first process, as a container does: when that one ends, whatever
//! else belongs to it is killed. Faults reach everything that it has started (see `reach`), so that
//! a server behind a shell is frozen with it, and so are workers in sessions of their own. The
//! signal that asks it to end goes to its process group. Linux only.

mod driver;
mod family;
mod group;
mod last_words;
mod launch;
mod mark;
mod members;
mod observers;
mod reach;
#[cfg(test)]
mod tests;
mod undo;

pub use self::driver::ProcessDriver;
pub use self::members::start_ticks;
pub(crate) use self::observers::Observers;
pub use self::undo::{undo, undo_marked};
