//! `comeback fault`: one act on a backend, by hand.

mod command;
mod fault;
mod link;
mod result;

pub use fault::FaultArgs;
