//! Two runs side by side, and what is worse beyond noise.
//!
//! Requests of one trial share their faults, so they are not independent; trials are. The share of
//! trials that failed is compared by Fisher's exact test. Everything about requests is compared by
//! a bootstrap over whole trials (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
//! chapter 13; resampling of clusters: Field and Welsh 2007): the interval of the difference is
//! that of the resampled differences. The level is Bonferroni's, so that all comparisons together
//! are wrong in at most one of twenty pairs of runs that do not differ.

mod bootstrap;
mod comparison;
mod fisher;

pub use self::bootstrap::{Seen, TrialSample};
pub use comparison::{Change, Compared, Comparison};
