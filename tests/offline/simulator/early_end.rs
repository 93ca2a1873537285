//! A trial whose verdict is sure is not waited for.

use crate::trial;
use comeback::app::Variant;
use comeback::demo;
use comeback::generator;
use comeback::invariant::judge;
use comeback::model::Verdict;
use comeback::trace::{EventKind, Phase, Trace};

/// The first violated trial of a variant.
fn violated(variant: Variant) -> Trace {
    let handle = demo::simulated(variant).unwrap();
    let trial = |index| {
        let plan = generator::plan(&handle.space, 1, index);
        trial::simulated(&handle, &plan, 0)
    };
    (0..50)
        .map(trial)
        .find(|trace| {
            let judgement = trace.judgement.as_ref().unwrap();
            judgement.verdict == Verdict::Violated
        })
        .unwrap()
}

#[test]
fn probes_that_hang_are_given_up_once_the_verdict_is_sure() {
    let trace = violated(Variant::StuckBusy);
    let at = |kind: &EventKind| trace.events.iter().position(|event| event.kind == *kind);
    let decided = at(&EventKind::Decided).expect("it went on to the end");
    let phase = |phase| at(&EventKind::Phase { phase }).unwrap();
    assert!(phase(Phase::Recovery) < decided && phase(Phase::Drain) > decided);

    let limits = &trace.header.limits;
    let took_ms = trace.events.last().unwrap().at_us / 1_000;
    let recovery_began_ms = trace.events[phase(Phase::Recovery)].at_us / 1_000;
    let longest_ms = limits.recovery_ms.max(limits.job_ms);
    assert!(
        took_ms < recovery_began_ms + longest_ms + limits.job_ms,
        "a probe that was sent last was waited for: {took_ms} ms"
    );

    let standard = comeback::invariant::standard();
    let again = judge(&trace, limits, &standard);
    assert_eq!(Some(&again), trace.judgement.as_ref());
    let mut looser = limits.clone();
    (looser.job_ms, looser.recovery_ms, looser.answer_ms) = (600_000, 600_000, 600_000);
    let patient = judge(&trace, &looser, &standard);
    assert_eq!(patient.verdict, Verdict::Inconclusive, "{patient:?}");
}

#[test]
fn a_trial_that_recovers_goes_on_to_its_end() {
    let trace = violated(Variant::LeakedDescriptor);
    assert!(
        !trace
            .events
            .iter()
            .any(|event| event.kind == EventKind::Decided)
    );
}
