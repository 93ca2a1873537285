//! What must be true of every trial.
//!
//! An invariant is a pure function of a trace, so a saved trace can be judged again, by other
//! limits too. Two rules keep that honest: what the harness did not observe is `inconclusive`,
//! never guessed; and a looser limit never turns a trace that holds into a violated one.

mod accounting;
mod api_stays_up;
mod bounded_failures;
mod calm_reconnect;
mod decided;
mod environment;
mod executions;
mod explicit_errors;
mod first_call;
mod guard;
mod hang;
mod judge;
mod latency_returns;
mod log_expectations;
mod no_hang;
mod no_leak;
mod onset;
mod own_words;
mod pace;
mod patience;
mod recovers;
mod standard;
mod wording;

pub use decided::is_decided;
pub use guard::is_guarded;
pub use judge::judge;
pub use standard::standard;

use crate::model::{Finding, Limits};
use crate::trace::View;

/// Something that must be true of every trial.
pub trait Invariant: Send + Sync {
    /// Its name, as in reports and signatures.
    fn name(&self) -> &'static str;

    /// Says whether it held, by these limits. What is wrong with the whole trial, such as a backend
    /// that never became ready, is none of its business: [`judge`] sees to that.
    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding;

    /// Whether this invariant has nothing more to wait for in a trial whose backends are ready
    /// again, which is violated already, `primary` first, and in which no request is open that was
    /// sent before that violation began. For most that is so: whatever they may still find begins
    /// later, and adds to a verdict that is sure.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let _ = (view, limits, primary);
        true
    }
}
