//! What must be true of every trial.
//!
//! An invariant is a pure function of a trace, so a saved trace can be judged again, by other
//! limits too. Two rules keep that honest: what the harness did not observe is `inconclusive`,
//! never guessed; and a looser limit never turns a trace that holds into a violated one.

mod accounting;
mod api_at_fault;
mod api_stays_up;
mod bounded_failures;
mod calm_reconnect;
mod decided;
mod environment;
mod executions;
mod explicit_errors;
mod first_call;
mod flaw;
mod flood;
mod guard;
mod hang;
mod idle_time;
mod invariant;
mod judge;
mod latency_returns;
mod log_expectations;
mod no_hang;
mod no_leak;
mod onset;
mod pace;
mod recovers;
mod standard;
mod timing;
mod wording;

pub use decided::is_decided;
pub use guard::is_guarded;
pub use invariant::Invariant;
pub use judge::{judge, judge_view};
pub use standard::standard;
