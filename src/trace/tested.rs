//! What a trial tested.

use std::collections::BTreeMap;

use super::{EventKind, Origin, Request, Span, Trace, View, outages_ms};
use crate::model::{Anchor, Plan, StepId, Tested, Verdict};

/// What a trial tested, and which invariants were judged in it.
pub fn tested(trace: &Trace) -> Tested {
    let view = View::new(trace);
    let is_load = |origin: &Origin| matches!(origin, Origin::Step(_) | Origin::Background);
    let loads = view.requests().iter().filter(|r| is_load(r.origin));
    let loads: Vec<Span> = loads.map(Request::span).collect();
    let outages: Vec<Span> = view.faults().map(|window| window.span()).collect();
    let in_outage = |load: &&Span| outages.iter().any(|outage| outage.touches(**load));
    let mut tested = Tested {
        trials: 1,
        requests_in_outages: loads.iter().filter(in_outage).count() as u64,
        steps: trace.plan.steps.len() as u64,
        skipped: skipped(trace),
        judged: judged(trace),
        ..Tested::default()
    };
    let lasted_ms = outages_ms(trace);
    for window in view.faults() {
        let Some(kind) = view.fault_kind(window) else {
            continue;
        };
        let outage = window.span();
        let faults = tested.faults.entry(kind.name().to_owned()).or_default();
        faults.done += 1;
        faults.met += u64::from(loads.iter().any(|load| load.touches(outage)));
        let lasted_ms = window.fault.and_then(|fault| lasted_ms.get(fault));
        faults.longest_ms = faults.longest_ms.max(lasted_ms.copied().unwrap_or(0));
    }
    tested
}

/// How many steps were skipped, by reason.
fn skipped(trace: &Trace) -> BTreeMap<String, u64> {
    let mut skipped = BTreeMap::new();
    for event in &trace.events {
        if let EventKind::StepSkipped { step, reason } = &event.kind {
            let reason = general(&trace.plan, step, reason);
            *skipped.entry(reason.to_owned()).or_default() += 1;
        }
    }
    skipped
}

/// The reason without step names, so that the reasons of many plans can be counted.
fn general<'a>(plan: &Plan, step: &StepId, reason: &'a str) -> &'a str {
    let anchor = plan.step(step).map(|step| &step.anchor);
    if reason.contains("ended before its") {
        return match anchor {
            Some(Anchor::Accepted { .. }) => "its burst ended before that job was accepted",
            Some(Anchor::State { .. }) => "its burst ended before that job was seen in that state",
            _ => "its burst ended before that request",
        };
    }
    if reason.contains("struck before the backend was ready") {
        return "the next fault struck before the backend was ready";
    }
    if reason.starts_with("its anchor's step") {
        return "the step that it waits for was skipped";
    }
    match anchor {
        Some(Anchor::Log { .. }) => "the API did not log the line that it waits for",
        Some(Anchor::Ready { .. }) => "the backend was not ready in time",
        Some(_) if reason.starts_with("its anchor did not fire") => {
            "what it waits for did not happen in time"
        }
        _ => reason,
    }
}

fn judged(trace: &Trace) -> BTreeMap<String, u64> {
    let findings = trace.judgement.iter().flat_map(|j| &j.findings);
    let judged = findings.map(|finding| {
        let is_judged = finding.verdict != Verdict::Inconclusive && !finding.not_judged;
        (finding.invariant.clone(), u64::from(is_judged))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;
    use crate::trace::script::Script;

    #[test]
    fn a_request_that_is_in_flight_at_a_moment_of_an_outage_meets_it() {
        let trace = Script::new(&["sync"])
            .fault("f1", FaultKind::Kill, 30, 80)
            .fault("f2", FaultKind::Pause, 90, 99)
            .finish(200);
        let tested = tested(&trace);
        assert_eq!((tested.faults_done(), tested.outages_met()), (2, 0));
        assert_eq!(tested.requests_in_outages, 0);
    }
}
