//! Every number is read and written, and what depends on it follows.

use super::*;
use crate::model::{Anchor, Fault, Mix};

fn plan() -> Plan {
    let burst = Burst {
        count: 12,
        concurrency: 6,
        pace: Pace::Closed { think_ms: 40 },
        mix: Mix::from([("job".to_owned(), 1)]),
    };
    let kind = FaultKind::Rapid {
        restarts: 3,
        gap_ms: 9,
    };
    let fault = Fault {
        backend: "db".to_owned(),
        kind,
        outage_ms: 700,
    };
    let (b1, f1) = (StepId("b1".to_owned()), StepId("f1".to_owned()));
    Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: vec![
            Step {
                id: b1.clone(),
                anchor: Anchor::At { offset_ms: 5 },
                action: Action::Burst(burst),
            },
            Step {
                id: f1,
                anchor: Anchor::InFlight {
                    burst: b1,
                    nth: 4,
                    offset_ms: 0,
                },
                action: Action::Fault(fault),
            },
        ],
    }
}

#[test]
fn every_number_is_read_and_written() {
    for number in Number::all(&plan()) {
        let least = number.kind.least();
        let smallest = number.set(&plan(), least);
        assert_eq!(number.get(&smallest), Some(least), "{number:?}");
        assert!(smallest.size() < plan().size(), "{number:?}");
    }
    let names: Vec<String> = Number::all(&plan())
        .iter()
        .map(|number| format!("{} {:?}", number.step, number.kind))
        .collect();
    assert_eq!(
        names,
        [
            "f1 Nth",
            "b1 Requests",
            "b1 Concurrency",
            "f1 Restarts",
            "f1 Outage",
            "f1 Gap",
            "b1 Think",
            "b1 Offset"
        ]
    );
}

#[test]
fn every_number_of_a_link_is_read_and_written() {
    let slow = LinkFault::Slow {
        latency_ms: 500,
        rate_kib_s: Some(20),
    };
    let faults = [
        (slow, vec![NumberKind::Latency, NumberKind::Rate]),
        (LinkFault::Trickle { gap_ms: 70 }, vec![NumberKind::ByteGap]),
        (
            LinkFault::Truncate { after_bytes: 90 },
            vec![NumberKind::Bytes],
        ),
        (
            LinkFault::IdleClose { idle_ms: 800 },
            vec![NumberKind::Idle],
        ),
        (LinkFault::HalfOpen, vec![]),
    ];
    for (fault, expected) in faults {
        let mut plan = plan();
        if let Action::Fault(of_step) = &mut plan.steps[1].action {
            of_step.kind = FaultKind::Link(fault);
        }
        let all = Number::all(&plan);
        let own = all.iter().filter(|number| {
            number.step.0 == "f1" && !matches!(number.kind, NumberKind::Nth | NumberKind::Outage)
        });
        let kinds: Vec<NumberKind> = own.clone().map(|number| number.kind).collect();
        assert_eq!(kinds, expected, "{fault}");
        for number in own {
            let changed = number.set(&plan, 7);
            assert_eq!(number.get(&changed), Some(7), "{number:?}");
            assert_ne!(changed, plan);
        }
    }
}

#[test]
fn with_fewer_requests_senders_and_anchors_follow() {
    let requests = Number {
        step: StepId("b1".to_owned()),
        kind: NumberKind::Requests,
    };
    let text = requests.set(&plan(), 3).to_string();
    assert!(text.contains("burst of 3 requests, 3 at a time"), "{text}");
    assert!(text.contains("request 3 of b1"), "{text}");
    let (burst, nth, offset_ms) = (StepId("b1".to_owned()), 4, 0);
    let state = "RUNNING".to_owned();
    let accepted = Anchor::Accepted {
        burst: burst.clone(),
        nth,
        offset_ms,
    };
    let running = Anchor::State {
        burst,
        nth,
        state,
        offset_ms,
    };
    for anchor in [accepted, running] {
        let mut plan = plan();
        plan.steps[1].anchor = anchor;
        let fewer = requests.set(&plan, 3);
        assert_eq!(fewer.steps[1].anchor.nth(), Some(3), "{fewer}");
        assert!(fewer.size() < plan.size(), "{fewer}");
    }
}

#[test]
fn one_factor_shortens_every_time() {
    assert_eq!(plan().scaled(1.0), plan());
    let text = plan().scaled(0.0).to_string();
    assert!(text.contains("1 ms down and 0 ms up"), "{text}");
    assert!(text.contains("at 0 ms"), "{text}");
    assert!(
        plan()
            .scaled(0.5)
            .to_string()
            .contains("350 ms down and 4 ms up")
    );
}
