//! Steps that wait for what jobs do, and how long a step waits for its anchor.

use std::time::Duration;

use comeback::app::Variant;
use comeback::campaign::StackHandle;
use comeback::demo;
use comeback::generator;
use comeback::model::{
    Action, Anchor, Burst, Fault, FaultKind, Mix, Pace, Plan, Step, StepId, Verdict,
};
use comeback::trace::{EventKind, Trace, View, tested};

use crate::support::desk::Desk;
use crate::trial;

fn handle(variant: Variant) -> StackHandle {
    demo::simulated(variant).unwrap()
}

fn trial(handle: &StackHandle, plan: &Plan) -> Trace {
    trial::simulated(handle, plan, 0)
}

/// The first plan of a campaign whose fault waits for such an event.
fn first(handle: &StackHandle, is_wanted: fn(&Anchor) -> bool) -> Plan {
    let mut plans = (0..20).map(|index| generator::plan(&handle.space, 1, index));
    let waits = |plan: &Plan| {
        let mut faults = plan.faults();
        faults.any(|(id, _)| is_wanted(&plan.step(id).unwrap().anchor))
    };
    plans.find(waits).unwrap()
}

fn at_acceptance(handle: &StackHandle) -> Plan {
    first(handle, |anchor| matches!(anchor, Anchor::Accepted { .. }))
}

fn in_a_state(handle: &StackHandle) -> Plan {
    first(handle, |anchor| matches!(anchor, Anchor::State { .. }))
}

/// How many jobs had been accepted and were not at their end when the first fault struck.
fn jobs_struck(trace: &Trace) -> usize {
    let view = View::new(trace);
    let struck = view.faults().next().unwrap().began.seq;
    let jobs = view.requests().iter().filter(|request| {
        let ended = request.ended.map_or(u64::MAX, |end| end.moment.seq);
        let accepted = request.accepted.map(|accepted| accepted.moment.seq);
        accepted.is_some_and(|seq| seq < struck) && struck < ended
    });
    jobs.count()
}

#[test]
fn the_opening_strikes_jobs_between_acceptance_and_end() {
    let handle = handle(Variant::Healthy);
    for plan in [at_acceptance(&handle), in_a_state(&handle)] {
        let trace = trial(&handle, &plan);
        assert_eq!(trace.verdict(), Verdict::Holds, "{plan}");
        assert_eq!(tested(&trace).skipped.len(), 0, "{plan}");
        assert!(jobs_struck(&trace) >= 1, "{plan}");
    }
}

/// The first needs a backend that dies within five milliseconds of a job's acceptance.
#[test]
fn what_an_api_forgets_of_jobs_shows_when_they_are_struck() {
    let blamed = |variant, plan: fn(&StackHandle) -> Plan| {
        let handle = handle(variant);
        let judgement = trial(&handle, &plan(&handle)).judgement.unwrap();
        judgement.signature.map(|signature| signature.invariant)
    };
    let start = blamed(Variant::ForgottenStart, at_acceptance);
    assert_eq!(start.as_deref(), Some("no-hang"));
    let doubled = blamed(Variant::DoubledJob, in_a_state);
    assert_eq!(doubled.as_deref(), Some("accounting"));
}

#[test]
fn the_scenario_in_flight_strikes_jobs_that_are_accepted() {
    let desk = Desk::new();
    let run = desk.run("run --sim --demo forgotten-start --scenario in-flight --no-shrink");
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stdout.contains("no-hang"), "{}", run.stdout);
}

/// The backend takes longer to start than anchors are waited for when nothing else happens.
#[test]
fn a_step_waits_for_ready_as_long_as_a_backend_may_take() {
    let mut handle = handle(Variant::Healthy);
    handle.executor.settings.anchor_timeout = Duration::from_millis(1);
    let step = |id: &str, anchor, action| Step {
        id: StepId(id.to_owned()),
        anchor,
        action,
    };
    let kill = Action::Fault(Fault {
        backend: "backend".to_owned(),
        kind: FaultKind::Kill,
        outage_ms: 5,
    });
    let burst = |count| {
        Action::Burst(Burst {
            count,
            concurrency: 1,
            pace: Pace::Closed { think_ms: 0 },
            mix: Mix::from([("sync".to_owned(), 1)]),
        })
    };
    let ready = Anchor::Ready {
        fault: StepId("f1".to_owned()),
        offset_ms: 0,
    };
    let reconnected = Anchor::Log {
        pattern: "reconnected".to_owned(),
        offset_ms: 0,
    };
    let plan = Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: vec![
            step("f1", Anchor::At { offset_ms: 0 }, kill),
            step("b1", ready, burst(3)),
            step("b2", reconnected, burst(1)),
        ],
    };
    let trace = trial(&handle, &plan);
    let ready = trace.events.iter().find_map(|event| match &event.kind {
        EventKind::Ready {
            fault: Some(_),
            not_ready_us,
            ..
        } => Some(event.at_us - not_ready_us),
        _ => None,
    });
    assert!(ready.is_some());
    assert_eq!(
        tested(&trace).skipped.len(),
        0,
        "{:?}",
        tested(&trace).skipped
    );
}
