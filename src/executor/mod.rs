//! One trial: client, nemesis and observers put together.
//!
//! A trial is one future that spawns nothing but the observers, so dropping it stops everything at
//! once. The faults are undone afterwards in every case.

mod anchors;
mod early_end;
mod executor;
mod exits;
mod idle_api;
mod recovery_probes;
mod reset;
mod rounds;
mod settings;
mod setup;
mod start;
mod steps;
mod trial;
mod watcher;

pub use early_end::EarlyEnd;
pub use executor::Executor;
pub use settings::{ResetPolicy, Settings};
pub use start::OnWait;
