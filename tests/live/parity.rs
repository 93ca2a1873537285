//! What the simulator finds is so: the same plan has the same signature on the demo's real processes.

use std::collections::BTreeSet;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use comeback::app::Variant;
use comeback::demo;
use comeback::model::{
    Action, Anchor, Burst, Edge, Fault, FaultKind, Mix, Pace, Plan, Step, StepId,
};
use comeback::trace::{Span, Trace, View};
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::trial;
use crate::support::turn;

/// How often a plan is tried live on a quiet machine: some windows are narrow.
const TRIES: usize = 5;

/// How often it is tried at most.
const MOST_TRIES: usize = 8;

fn id(name: &str) -> StepId {
    StepId(name.to_owned())
}

fn step(name: &str, anchor: Anchor, action: Action) -> Step {
    Step {
        id: id(name),
        anchor,
        action,
    }
}

/// A burst of so many requests of a kind, this many at once, as soon as the plan begins.
fn burst(kind: &str, count: u32, concurrency: u32) -> Step {
    let anchor = Anchor::At { offset_ms: 0 };
    step("b1", anchor, requests(kind, count, concurrency))
}

/// Forty requests of a kind, so many a second.
fn stream(kind: &str, rate_per_s: f64) -> Step {
    let mut stream = burst(kind, 40, 16);
    if let Action::Burst(burst) = &mut stream.action {
        burst.pace = Pace::Open { rate_per_s };
    }
    stream
}

fn requests(kind: &str, count: u32, concurrency: u32) -> Action {
    Action::Burst(Burst {
        count,
        concurrency,
        pace: Pace::Closed { think_ms: 0 },
        mix: Mix::from([(kind.to_owned(), 1)]),
    })
}

fn fault(name: &str, anchor: Anchor, kind: FaultKind, outage_ms: u64) -> Step {
    let backend = "backend".to_owned();
    let fault = Fault {
        backend,
        kind,
        outage_ms,
    };
    step(name, anchor, Action::Fault(fault))
}

fn kill(anchor: Anchor, outage_ms: u64) -> Step {
    fault("f1", anchor, FaultKind::Kill, outage_ms)
}

fn at_once() -> Anchor {
    Anchor::At { offset_ms: 0 }
}

/// When the backend is at work on such a request of the burst.
fn in_flight(nth: u32) -> Anchor {
    in_flight_for(10, nth)
}

fn in_flight_for(offset_ms: u64, nth: u32) -> Anchor {
    Anchor::InFlight {
        burst: id("b1"),
        nth,
        offset_ms,
    }
}

/// So long after the API has come back for the first time.
fn reconnected(offset_ms: u64) -> Anchor {
    let pattern = "reconnected".to_owned();
    Anchor::Log { pattern, offset_ms }
}

fn settled(nth: usize) -> Anchor {
    let (fault, offset_ms) = (id(&format!("f{nth}")), 100);
    Anchor::Ready { fault, offset_ms }
}

/// So many kills, each after the API is back from the one before.
fn kills(count: usize, outage_ms: u64) -> Vec<Step> {
    let again = |nth| {
        let name = format!("f{nth}");
        fault(&name, settled(nth - 1), FaultKind::Kill, outage_ms)
    };
    let first = iter::once(kill(at_once(), outage_ms));
    first.chain((2..=count).map(again)).collect()
}

/// A few steps that show a bug and leave the machine some room, each with margins of many milliseconds where the bug allows that.
fn plan(bug: Variant) -> Plan {
    let during = |kind: &str, count, concurrency| {
        let anchor = Anchor::After {
            step: id("f1"),
            edge: Edge::Start,
            offset_ms: 20,
        };
        step("b2", anchor, requests(kind, count, concurrency))
    };
    let steps = match bug {
        Variant::StuckBusy => vec![burst("job", 40, 16), kill(in_flight(24), 200)],
        // The queue is never empty.
        Variant::LostJob => vec![stream("job", 400.0), kill(in_flight(12), 200)],
        // Nobody sends another job until this one is told to have failed; and the next one finds the backend back.
        Variant::DoubledJob => vec![burst("job", 1, 1), kill(in_flight_for(15, 1), 5)],
        Variant::SwallowedError => vec![burst("sync", 40, 8), kill(in_flight(20), 200)],
        Variant::NoDeadline => vec![
            burst("sync", 40, 8),
            fault("f1", in_flight(20), FaultKind::Pause, 2_000),
        ],
        Variant::CrossedReplies => vec![
            burst("sync", 40, 8),
            kill(in_flight(20), 5),
            during("sync", 8, 8),
        ],
        // Its window is open for 5 ms in every 25.
        Variant::ForgottenStart => [vec![stream("job", 50.0)], kills(3, 100)].concat(),
        Variant::FirstCallFails => vec![burst("job", 12, 6), kill(done(), 200)],
        Variant::RedialFlood | Variant::UncappedBackoff | Variant::GivesUp => {
            vec![kill(at_once(), 2_500)]
        }
        Variant::LostRestart => {
            let second = fault("f2", reconnected(10), FaultKind::Kill, 200);
            vec![kill(at_once(), 100), second]
        }
        Variant::LossAfterReset => vec![
            burst("sync", 8, 8),
            fault("f1", in_flight(8), FaultKind::Pause, 600),
            fault("f2", reconnected(100), FaultKind::Kill, 200),
        ],
        Variant::SessionRefused => vec![kill(at_once(), 1_600)],
        Variant::BlockingReconnect => vec![kill(at_once(), 2_500), during("sync", 3, 3)],
        Variant::RetryStampede => vec![kill(at_once(), 5), during("sync", 16, 16)],
        Variant::ThirdReconnectCrash => kills(4, 100),
        Variant::GrowingLatency => kills(6, 100),
        // Each start of the backend is another chance to hammer it; after a longer outage, the next attempt may come when it has started.
        Variant::BackoffReset => kills(4, 5),
        // Calls are given up within the freeze, and others wait when it ends.
        Variant::LateReply => vec![
            burst("sync", 40, 8),
            fault("f1", in_flight(20), FaultKind::Pause, 650),
        ],
        Variant::LeakedSlots => vec![
            burst("sync", 40, 16),
            fault("f1", in_flight(24), FaultKind::Pause, 1_000),
        ],
        Variant::FullQueue => {
            let during = |nth| {
                let anchor = Anchor::After {
                    step: id("f1"),
                    edge: Edge::Start,
                    offset_ms: 20,
                };
                step(&format!("b{nth}"), anchor, requests("job", 32, 16))
            };
            iter::once(kill(at_once(), 800))
                .chain((1..=5).map(during))
                .collect()
        }
        _ => vec![kill(at_once(), 200)],
    };
    Plan {
        seed: 1,
        index: 0,
        background: None,
        steps,
    }
}

/// When the burst is over.
fn done() -> Anchor {
    Anchor::After {
        step: id("b1"),
        edge: Edge::End,
        offset_ms: 0,
    }
}

/// The bugs that a plan shows each time.
fn bugs() -> Vec<Variant> {
    let all = Variant::ALL.iter().copied();
    all.filter(|v| !v.is_correct() && !v.is_random()).collect()
}

/// The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
fn skipped(bug: Variant) {
    let line = format!("skipped: the parity of {bug} (this machine is too busy)\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

fn simulated(bug: Variant) -> Trace {
    let handle = demo::simulated(bug).unwrap();
    let plan = plan(bug);
    handle.space.fits(&plan).unwrap();
    trial::simulated(&handle, &plan, 0)
}

/// What came of showing a plan live.
enum Live {
    Same,
    Other(BTreeSet<String>),
    /// This machine was too busy with other things each time.
    Busy,
}

/// Executes the plan of a simulated trace live until it shows the same.
fn live(bug: Variant, trace: &Trace) -> Live {
    let desk = Desk::new();
    let path = desk.path().join("simulated.jsonl");
    trace.write(&path).unwrap();
    let mut others = BTreeSet::new();
    let mut quiet = 0;
    for _ in 0..MOST_TRIES {
        let replay = format!("replay simulated.jsonl --demo {bug} --format json --quiet");
        let finished = desk.run(&replay);
        let replayed: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|_| panic!("{bug}: {}", finished.stderr));
        if replayed["reproduced"]["failed"] == 1 {
            return Live::Same;
        }
        let run = desk.path().join(replayed["run"].as_str().unwrap());
        if is_disturbed(&Trace::read(&run.join("replay-0000.jsonl")).unwrap()) {
            continue;
        }
        others.insert(replayed["judgements"][0]["signature"].to_string());
        quiet += 1;
        if quiet == TRIES {
            return Live::Other(others);
        }
    }
    Live::Busy
}

/// Whether this machine withheld more than a hundredth of a trial's time: a plan that counts on milliseconds then meets another API.
fn is_disturbed(trace: &Trace) -> bool {
    let view = View::new(trace);
    let whole = Span {
        from_us: 0,
        to_us: view.observed_until_us(),
    };
    view.withheld().covered_us(whole) > whole.length_us() / 100
}

#[test]
fn what_a_plan_shows_simulated_it_shows_live() {
    let _turn = turn::alone();
    let (bugs, next) = (bugs(), AtomicUsize::new(0));
    let one_after_the_other = || {
        let mut failures = Vec::new();
        while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let trace = simulated(*bug);
            let judgement = trace.judgement.as_ref().unwrap();
            let Some(signature) = &judgement.signature else {
                failures.push(format!("{bug}: not shown simulated: {judgement:?}"));
                continue;
            };
            assert!(
                bug.caught_by().contains(&signature.invariant.as_str()),
                "{bug}: {signature}"
            );
            match live(*bug, &trace) {
                Live::Same => {}
                Live::Busy => skipped(*bug),
                Live::Other(others) => {
                    failures.push(format!("{bug}: {signature} simulated, and live {others:?}"))
                }
            }
        }
        failures
    };
    // Most of the time is spent waiting.
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(one_after_the_other)).collect();
        let failures = workers.into_iter().map(|worker| worker.join().unwrap());
        failures.flatten().collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
