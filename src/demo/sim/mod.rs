//! The simulated demo: the demo's own API and backend in memory, on tokio's paused clock.
//!
//! The code of both is that of the [live demo](super::live), and so is everything that deals with
//! them; what differs is the network, the clock, and that a service is a future and no process.
//! Where nothing is to be done, a paused clock jumps to the next timer, so seconds pass in no time;
//! and as everything runs on one thread in one order, the same plan has the same history, to the
//! microsecond, in every run.
//!
//! A simulated process takes a fixed time (in `service`) to start; connecting takes a millisecond,
//! and nothing else takes any. So what a busy machine does to timing does not show here: that is
//! for live trials.

mod freezer;
mod network;
mod service;
mod simulated_demo;

pub use self::network::Place;
pub use simulated_demo::SimulatedDemo;
