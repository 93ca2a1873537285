//! Which steps a failure probably needs, by what its trace shows.

use std::collections::BTreeMap;

use crate::model::StepId;
use crate::trace::{EventKind, Origin, Trace, View};

/// What a failing trace tells of the steps that the failure needs: what began after the last proof
/// of it hardly made it, and what struck just before it began, or sent the request that shows it,
/// probably did. The figures are logarithms of odds: the prior of shrinking.
pub(super) fn prior(trace: &Trace) -> BTreeMap<StepId, f64> {
    let view = View::new(trace);
    let primary = trace.judgement.as_ref().and_then(|j| j.primary());
    let Some(evidence) = primary.map(|finding| &finding.evidence) else {
        return BTreeMap::new();
    };
    let (first, last) = (evidence.first().copied(), evidence.iter().max().copied());
    let mut odds = BTreeMap::new();
    for event in &trace.events {
        if let EventKind::StepStarted { step } = &event.kind {
            let late = last.is_some_and(|last| event.seq > last);
            odds.insert(step.clone(), if late { -3.0 } else { 0.0 });
        }
    }
    let struck = first.and_then(|first| view.fault_before(first)?.fault.cloned());
    let sent = first.and_then(|first| match &trace.events.get(first as usize)?.kind {
        EventKind::Sent {
            origin: Origin::Step(step),
            ..
        } => Some(step.clone()),
        _ => None,
    });
    for step in struck.into_iter().chain(sent) {
        odds.insert(step, 1.5);
    }
    odds
}
