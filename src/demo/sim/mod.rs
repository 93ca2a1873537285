//! The simulated demo: the demo's own API and backend in memory, on tokio's paused clock.
//!
//! They run the code of the [live demo](super::live), and so does everything around them. Only the
//! network and the clock differ, and a service is a future instead of a process. When there is
//! nothing to do, a paused clock jumps to the next timer, so seconds pass in no time; and because
//! everything runs on one thread in one order, the same plan has the same history, to the
//! microsecond, in every run.
//!
//! A simulated process takes a fixed time (in `service`) to start; connecting takes a millisecond,
//! and nothing else takes any time. So the effects of a busy machine show only in live trials.

mod freezer;
mod network;
mod service;
mod simulated_demo;
mod simulated_runner;

pub use self::network::Place;
pub use simulated_demo::SimulatedDemo;
pub use simulated_runner::{SimulatedRunner, World};
