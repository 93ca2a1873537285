//! A campaign gives on several stacks what it gives on one.

use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use comeback::app::Variant;
use comeback::campaign::{Audience, Campaign, PlanSource, ShrinkBudget, StackHandle, Stacks};
use comeback::demo::{self, InMemory, SimulatedDemo, SimulatedRunner, World};
use comeback::executor::Executor;
use comeback::model::{Judgement, Plan, Regressed, Summary, Verdict};
use comeback::trace::Recorder;

use super::control::{campaign, run_on};

async fn on(jobs: usize, campaign: &Campaign, handle: &StackHandle) -> Summary {
    run_on(campaign, &Stacks::new(handle, repeat_n(handle, jobs - 1))).await
}

/// What of a summary does not depend on the place or the time.
fn found(summary: Summary) -> Summary {
    let mut summary = Summary {
        run: String::new(),
        elapsed_ms: 0,
        ..summary
    };
    for failure in &mut summary.failures {
        let name = Path::new(&failure.trace).file_name().unwrap();
        failure.trace = name.to_str().unwrap().to_owned();
    }
    summary
}

/// The trials whose traces are in a run's folder.
fn traces(summary: &Summary) -> Vec<u64> {
    let files = Path::new(&summary.run).read_dir().unwrap();
    let mut trials: Vec<u64> = files
        .filter_map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            let index = name.strip_prefix("trial-")?.strip_suffix(".jsonl")?;
            Some(index.parse().unwrap())
        })
        .collect();
    trials.sort_unstable();
    trials
}

#[tokio::test(flavor = "multi_thread")]
async fn several_stacks_find_what_one_finds() {
    for (variant, max_failures) in [
        (Variant::StuckBusy, 1),
        (Variant::StuckBusy, 3),
        (Variant::Healthy, 1),
    ] {
        let handle = demo::simulated(variant).unwrap();
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let of = |folder: &Path| Campaign {
            max_failures,
            shrink: Some(ShrinkBudget {
                runs: 30,
                within: Duration::from_secs(600),
                shared: None,
            }),
            ..campaign(folder)
        };
        let one = on(1, &of(folders[0].path()), &handle).await;
        let several = on(4, &of(folders[1].path()), &handle).await;
        assert_eq!(traces(&one), traces(&several), "{variant:?}");
        assert_eq!(found(one), found(several), "{variant:?}");
    }
}

/// A library's user may have a runtime of one thread, which may not be blocked.
#[tokio::test(flavor = "current_thread")]
async fn several_stacks_find_the_same_on_a_runtime_of_one_thread() {
    let handle = demo::simulated(Variant::StuckBusy).unwrap();
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let one = on(1, &campaign(folders[0].path()), &handle).await;
    let several = on(3, &campaign(folders[1].path()), &handle).await;
    assert_eq!(found(one), found(several));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_stacks_are_at_it_at_once() {
    let begun = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&begun);
    // Each trial waits for the other one to begin.
    let world = move |_plan: &Plan, _nth: u64| {
        seen.fetch_add(1, Ordering::SeqCst);
        let patience = Instant::now() + Duration::from_secs(60);
        while seen.load(Ordering::SeqCst) < 2 {
            assert!(Instant::now() < patience, "one trial waits for the other");
            thread::yield_now();
        }
        let SimulatedDemo { stack, api } = SimulatedDemo::new(Variant::Healthy, 1);
        let transport = Arc::new(InMemory::new(api));
        World { stack, transport }
    };
    let handle = StackHandle {
        runner: Box::new(SimulatedRunner::new(world)),
        ..demo::simulated(Variant::Healthy).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let two = Campaign {
        plans: PlanSource::Random(2),
        ..campaign(folder.path())
    };
    let summary = on(2, &two, &handle).await;
    assert_eq!(
        (summary.verdict, summary.plans_executed),
        (Verdict::Holds, 2)
    );
}

#[tokio::test]
async fn a_campaign_may_be_given_more_time_than_a_clock_can_tell() {
    let handle = demo::simulated(Variant::Healthy).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let long = Campaign {
        plans: PlanSource::Random(1),
        at_most: Some(Duration::MAX),
        ..campaign(folder.path())
    };
    let summary = on(1, &long, &handle).await;
    assert_eq!(summary.plans_executed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_on_one_stack_ends_the_campaign_on_all() {
    let handle = demo::simulated(Variant::Healthy).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let campaign = Campaign {
        plans: PlanSource::Random(u64::MAX),
        ..campaign(folder.path())
    };
    let (_never, interrupt) = comeback::watched::channel(false);
    let interrupt = comeback::campaign::Interrupt::new(interrupt);
    let stacks = Stacks::new(&handle, [&handle]);
    let vandal = Vandal(campaign.out.clone());
    let summary = campaign.run(&stacks, &interrupt, &vandal).await.unwrap();
    assert_eq!(summary.verdict, Verdict::Inconclusive);
    let why = summary.broken_off.expect("it was broken off");
    assert!(why.contains("cannot write"), "{why}");
}

/// Removes the folder of the run as soon as a trial has ended.
struct Vandal(PathBuf);

impl Audience for Vandal {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}
    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {
        // The second trial to end finds nothing left to remove.
        let _ = std::fs::remove_dir_all(&self.0);
    }
    fn reused(&self, _told: &Regressed) {}
    fn shrinking(&self, _so_far: &comeback::campaign::ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}
}
