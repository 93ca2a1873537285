//! When nothing that may still happen can change a verdict.

use super::Invariant;
use super::environment::lasting;
use super::guard::guarded;
use crate::model::{Finding, Limits, Verdict};
use crate::trace::{Trace, View};

/// Whether the verdict on a history so far is sure to be `violated`, by the same primary violation,
/// whatever the requests in flight still do. There must be no more faults to come, the backends
/// must be ready, and every enabled invariant must be decided.
///
/// If an invariant panics, nothing is sure; the judgement of the trial deals with that.
///
/// An open request may turn out to have hung since it was sent. So as long as one is open that was
/// sent before the primary violation began, the primary violation may change.
pub fn is_decided(trace: &Trace, limits: &Limits, invariants: &[Box<dyn Invariant>]) -> bool {
    let view = View::new(trace);
    if lasting(&view).is_some() {
        return false;
    }
    let findings = invariants
        .iter()
        .map(|i| guarded(|| i.check(&view, limits)));
    let Ok(findings) = findings.collect::<Result<Vec<Finding>, _>>() else {
        return false;
    };
    let violated = findings.iter().filter(|f| f.verdict == Verdict::Violated);
    let Some(primary) = violated.min_by_key(|finding| finding.evidence.first().copied()) else {
        return false;
    };
    let Some(began) = primary.evidence.first() else {
        return false;
    };
    let mut open = view.requests().iter().filter(|r| r.ended.is_none());
    let mut undecided = invariants
        .iter()
        .filter(|i| !guarded(|| i.is_decided(&view, limits, primary)).unwrap_or(false));
    open.all(|request| request.sent.seq > *began) && undecided.next().is_none()
}
