//! What an invariant is.

use crate::model::{Finding, Limits};
use crate::trace::View;

/// Something that must be true of every trial.
pub trait Invariant: Send + Sync {
    /// Its name, as in reports and signatures.
    fn name(&self) -> &'static str;

    /// Says whether it held, by these limits. What is wrong with the whole trial, such as a backend
    /// that never became ready, is none of its business: [`judge`](super::judge) sees to that.
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
