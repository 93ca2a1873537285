//! A stack that is flaky by itself is told from one that faults break.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use comeback::app::Variant;
use comeback::campaign::{
    Audience, Bench, Campaign, Interrupt, PlanSource, Simulation, Stacks, World,
};
use comeback::demo::{self, InMemory, SimulatedDemo};
use comeback::executor::Executor;
use comeback::load::{ExchangeError, HttpAnswer, HttpRequest, Transport};
use comeback::model::{Judgement, Plan, Regressed, Summary, Verdict};
use comeback::trace::{Recorder, Trace};
use comeback::watch;
use hyper::{HeaderMap, Method};

/// An API in front of which every seventh request fails, once the baseline is over.
struct Flaky {
    api: InMemory,
    posts: AtomicU64,
}

#[async_trait]
impl Transport for Flaky {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        if request.method == Method::POST {
            let nth = self.posts.fetch_add(1, Ordering::Relaxed);
            if nth > 12 && nth.is_multiple_of(7) {
                return Ok(HttpAnswer {
                    status: 500,
                    headers: HeaderMap::new(),
                    body: r#"{"error": "one of those days"}"#.into(),
                    is_cut: false,
                });
            }
        }
        self.api.exchange(request).await
    }

    fn url(&self) -> &str {
        self.api.url()
    }
}

fn flaky() -> Bench {
    let world = |_plan: &Plan, _nth: u64| {
        let SimulatedDemo { stack, api } = SimulatedDemo::new(Variant::Healthy, 1);
        let (api, posts) = (InMemory::new(api), AtomicU64::new(0));
        let transport = Arc::new(Flaky { api, posts });
        World { stack, transport }
    };
    Bench {
        simulation: Some(Simulation::new(world)),
        ..demo::simulated(Variant::Healthy).unwrap()
    }
}

pub struct Nobody;

impl Audience for Nobody {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}
    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {}
    fn reused(&self, _told: &Regressed) {}
    fn shrinking(&self, _so_far: &comeback::campaign::ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}
}

/// Fifty plans of seed 1, until the first failure.
pub fn campaign(folder: &Path) -> Campaign {
    Campaign {
        seed: 1,
        plans: PlanSource::Random(50),
        at_most: None,
        max_failures: 1,
        max_inconclusive: 1.0,
        out: folder.join("runs"),
        traces: folder.join("traces"),
        shrink: None,
        reuse: Vec::new(),
        unreadable: Vec::new(),
        known: BTreeSet::new(),
    }
}

/// Runs a campaign that nobody interrupts.
pub async fn run(campaign: &Campaign, bench: &Bench) -> Summary {
    run_on(campaign, &Stacks::new(bench, [])).await
}

/// The same on several stacks.
pub async fn run_on(campaign: &Campaign, stacks: &Stacks<'_>) -> Summary {
    let (_never, interrupt) = watch::channel(false);
    let interrupt = Interrupt::new(interrupt);
    campaign.run(stacks, &interrupt, &Nobody).await.unwrap()
}

fn control(summary: &Summary) -> Trace {
    let mut files = Path::new(&summary.run).read_dir().unwrap();
    let control = files.find_map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name()?.to_str()?;
        name.starts_with("control-").then_some(path)
    });
    Trace::read(&control.unwrap()).unwrap()
}

#[tokio::test]
async fn a_stack_that_fails_without_a_fault_is_inconclusive() {
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&campaign(folder.path()), &flaky()).await;
    assert_eq!(summary.verdict, Verdict::Inconclusive, "{summary:?}");
    assert!(summary.failures.is_empty());
    let [signature] = &summary.flaky[..] else {
        panic!("{:?}", summary.flaky);
    };
    assert_eq!(signature.invariant, "bounded-failures");
    let reason = summary.inconclusive_reasons.last().unwrap();
    assert!(
        reason.starts_with("the stack is flaky by itself: bounded-failures is violated without any fault too (control-"),
        "{reason}"
    );
    assert!(!folder.path().join("traces").exists(), "nothing is kept");
    let control = control(&summary);
    assert_eq!(control.plan.faults().count(), 0);
    assert_eq!(control.judgement.unwrap().verdict, Verdict::Violated);
}

#[tokio::test]
async fn a_stack_that_only_a_fault_breaks_has_a_control_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let bench = demo::simulated(Variant::StuckBusy).unwrap();
    let summary = run(&campaign(folder.path()), &bench).await;
    assert_eq!(summary.verdict, Verdict::Violated);
    assert_eq!(summary.flaky, []);
    let [failure] = &summary.failures[..] else {
        panic!("{:?}", summary.failures);
    };
    assert_eq!(failure.without_faults, Some(Verdict::Holds));
    let kept = Trace::read(Path::new(&failure.trace)).unwrap();
    assert_eq!(kept.notes[0]["control"]["verdict"], "holds");
}
