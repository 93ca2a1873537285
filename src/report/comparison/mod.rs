//! Two runs compared: what is significantly worse.
//!
//! Requests of one trial share their faults, so they are not independent; trials are. The share of
//! failed trials is compared by Fisher's exact test. All about requests is compared by a bootstrap
//! over whole trials (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13;
//! resampling of clusters: Field and Welsh 2007): the interval of the difference is that of the
//! resampled differences. The level has Bonferroni's correction, so that of twenty pairs of runs
//! that do not differ, at most one is reported to differ.

mod bootstrap;
mod comparison;
mod fisher;

pub use self::bootstrap::{Seen, TrialSample};
pub use comparison::{Change, Compared, Comparison};
