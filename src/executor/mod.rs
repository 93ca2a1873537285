//! One trial: client, nemesis and observers joined.
//!
//! A trial is one future. Nothing in it is spawned but the observers, so dropping it stops
//! everything it does at once; undoing the faults comes after it, in every case.

mod anchors;
mod course;
mod early;
mod executor;
mod recovery;
mod reset;
mod rest;
mod settings;
mod setup;
mod start;
mod steps;
mod trial;
mod watcher;

pub use early::EarlyEnd;
pub use executor::Executor;
pub use settings::{ResetPolicy, Settings};
