//! What an invariant is.

use crate::model::{Finding, Limits};
use crate::trace::View;

/// Something that must be true of every trial.
pub trait Invariant: Send + Sync {
    /// Its name, as in reports and signatures.
    fn name(&self) -> &'static str;

    /// Checks whether it held, by these limits. Problems of the whole trial, such as a backend that
    /// never became ready, are left to [`judge`](super::judge).
    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding;

    /// Whether this invariant has nothing more to wait for in a trial whose backends are ready
    /// again, which is violated already, `primary` first, and in which no request is open that was
    /// sent before that violation began. For most that is so: any violation that they may still
    /// find begins later, and cannot change the verdict.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let _ = (view, limits, primary);
        true
    }
}
