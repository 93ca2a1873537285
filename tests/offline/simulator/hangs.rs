//! What requests that hang cost a trial: one limit, and not several in a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use comeback::app::Variant;
use comeback::campaign::StackHandle;
use comeback::demo::{self, InMemory, SimulatedDemo, SimulatedRunner, World};
use comeback::load::{ExchangeError, HttpAnswer, HttpRequest, Transport};
use comeback::model::{
    Action, Anchor, Burst, Fault, FaultKind, Limits, Mix, Pace, Plan, Step, Verdict,
};
use comeback::trace::{EventKind, Phase, Trace};
use tokio::time::Instant;

use crate::trial;

/// When the API begins to hang. The baseline is over by then.
const HANGS_FROM: Duration = Duration::from_millis(600);

/// Every limit.
const LIMIT_MS: u64 = 10_000;

/// What is allowed beyond that, and beyond what an API that is well takes.
const SOMETHING_SMALL_MS: u64 = 1_500;

/// Whether an exchange is never answered, by how many are in flight with it.
type Hangs = fn(&HttpRequest, usize) -> bool;

/// An API that from some time on leaves exchanges unanswered.
struct Hanging {
    api: InMemory,
    began: Instant,
    in_flight: Arc<()>,
    hangs: Hangs,
    /// Whether one has hung, where that is the end of all.
    is_stuck: AtomicBool,
}

#[async_trait]
impl Transport for Hanging {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let in_flight = Arc::clone(&self.in_flight);
        let others = Arc::strong_count(&in_flight) - 2;
        let hangs = self.is_stuck.load(Ordering::Relaxed) || (self.hangs)(&request, others);
        if hangs && self.began.elapsed() >= HANGS_FROM {
            self.is_stuck.fetch_or(others >= WIDE, Ordering::Relaxed);
            return std::future::pending().await;
        }
        self.api.exchange(request).await
    }

    fn url(&self) -> &str {
        self.api.url()
    }
}

/// More than the plan's burst has in flight, and less than the round after the recovery, which sends
/// as many of each kind.
const WIDE: usize = 10;

/// A trial of an API that hangs so.
fn trial_of(hangs: Hangs, requests: Burst) -> Trace {
    let world = move |_plan: &Plan, _nth: u64| {
        let SimulatedDemo { stack, api } = SimulatedDemo::new(Variant::Healthy, 1);
        let transport = Arc::new(Hanging {
            api: InMemory::new(api),
            began: Instant::now(),
            in_flight: Arc::default(),
            hangs,
            is_stuck: AtomicBool::new(false),
        });
        World { stack, transport }
    };
    let mut handle = StackHandle {
        runner: Box::new(SimulatedRunner::new(world)),
        ..demo::simulated(Variant::Healthy).unwrap()
    };
    handle.executor.limits = Limits {
        answer_ms: LIMIT_MS,
        job_ms: LIMIT_MS,
        recovery_ms: LIMIT_MS,
        ..handle.executor.limits
    };
    trial::simulated(&handle, &plan(requests), 0)
}

fn plan(requests: Burst) -> Plan {
    let fault = Fault {
        backend: "backend".to_owned(),
        kind: FaultKind::Kill,
        outage_ms: 200,
    };
    let step = |id: &str, action| Step {
        id: id.into(),
        anchor: Anchor::At { offset_ms: 0 },
        action,
    };
    Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: vec![
            step("b1", Action::Burst(requests)),
            step("f1", Action::Fault(fault)),
        ],
    }
}

fn burst(count: u32, concurrency: u32) -> Burst {
    let both = ["job", "sync"].map(|kind| (kind.to_owned(), 1));
    Burst {
        count,
        concurrency,
        pace: Pace::Closed { think_ms: 20 },
        mix: Mix::from(both),
    }
}

/// Checks that requests hung, that the verdict says so, and how much later than `from_ms` it ended.
fn assert_one_limit(case: &str, trace: &Trace, from_ms: u64) {
    let hung = trace.events.iter().filter(|event| match &event.kind {
        EventKind::Ended { latency_us, .. } => *latency_us >= LIMIT_MS * 1_000,
        _ => false,
    });
    assert!(hung.count() > 0, "{case}: nothing hung");
    assert_eq!(trace.verdict(), Verdict::Violated, "{case}");
    let took_ms = trace.events.last().unwrap().at_us / 1_000 - from_ms;
    assert!(
        took_ms <= LIMIT_MS + SOMETHING_SMALL_MS,
        "{case}: {took_ms} ms since it hung"
    );
}

#[test]
fn an_api_that_hangs_after_a_fault_costs_one_limit() {
    let cases: [(&str, Hangs); 4] = [
        ("everything", |_, _| true),
        ("answers", |request, _| request.path == "/sync"),
        ("submissions", |request, _| request.path == "/request"),
        ("polls", |request, _| request.path.starts_with("/response")),
    ];
    for (case, hangs) in cases {
        let trace = trial_of(hangs, burst(200, 2));
        assert_one_limit(case, &trace, HANGS_FROM.as_millis() as u64);
    }
}

#[test]
fn an_api_that_hangs_only_when_it_is_asked_for_much_at_once_costs_one_limit() {
    let trace = trial_of(|_, others| others >= WIDE, burst(8, 8));
    let drain = EventKind::Phase {
        phase: Phase::Drain,
    };
    let drained = trace.events.iter().find(|event| event.kind == drain);
    let from_ms = drained.expect("it recovers").at_us / 1_000;
    assert_one_limit("width", &trace, from_ms);
}
