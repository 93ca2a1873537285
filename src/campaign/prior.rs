//! Which steps a failure probably needs, by what its trace shows.

use std::collections::BTreeMap;

use crate::model::StepId;
use crate::trace::{EventKind, Origin, Trace, View};

/// The prior of shrinking, as log odds: how probably a failure needs each step. A step that began
/// after the last proof of the failure hardly caused it; a fault just before its beginning, or the
/// burst that sent the request which shows it, probably did.
pub(super) fn prior(trace: &Trace) -> BTreeMap<StepId, f64> {
    let view = View::new(trace);
    let primary = trace.judgement.as_ref().and_then(|j| j.primary());
    let Some(evidence) = primary.map(|finding| &finding.evidence) else {
        return BTreeMap::new();
    };
    let (first, last) = (evidence.first().copied(), evidence.iter().max().copied());
    let mut log_odds = BTreeMap::new();
    for event in &trace.events {
        if let EventKind::StepStarted { step } = &event.kind {
            let late = last.is_some_and(|last| event.seq > last);
            log_odds.insert(step.clone(), if late { -3.0 } else { 0.0 });
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
        log_odds.insert(step, 1.5);
    }
    log_odds
}
