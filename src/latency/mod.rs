//! How long requests took: a pure fold from history to histograms.
//!
//! Successes, failures and silences have histograms of their own: a refused connection answers in
//! microseconds, and would make any common histogram look fast.

mod latencies;
mod log;

pub use latencies::{Latencies, Stage, Stages, histogram};
pub use log::{LatencyLogError, append, trials};
