//! When nothing that is still to come can change a verdict.

use super::Invariant;
use super::environment::lasting;
use super::guard::guarded;
use crate::model::{Finding, Limits, Verdict};
use crate::trace::{Trace, View};

/// Whether the verdict on a history so far is sure to be `violated`, by the same primary violation,
/// whatever the requests in flight still do. No fault may come any more, the backends have to be
/// ready, and every enabled invariant has to be decided.
///
/// Where an invariant panics, nothing is sure; what becomes of that is said when the trial is
/// judged.
///
/// A request that is open may turn out to have hung since it was sent. So as long as one is open
/// that was sent before the primary violation began, that one may not stay the first.
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
