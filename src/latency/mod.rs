//! How long requests took: a pure fold from history to histograms.
//!
//! Each outcome has its own histograms: a refused connection answers in microseconds, and would
//! make a common histogram look fast.

mod latencies;
mod lateness;
mod log;

pub use latencies::{Latencies, Stage, Stages, histogram, percentiles};
pub use lateness::{DueRequest, lateness};
pub use log::{LatencyLogError, append, trials};
