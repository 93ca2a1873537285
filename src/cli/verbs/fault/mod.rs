//! `comeback fault`: one act on a backend, by hand.

mod command;
mod fault;
mod link;
mod result;
mod target;

pub use fault::FaultArgs;
