//! What shrinking makes of a failure that is gone, or that was shrunk before.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use comeback::app::Variant;
use comeback::campaign::{
    Attempt, Audience, Campaign, CampaignError, Interrupt, ShrinkBudget, Shrinking, Shrunken,
    StackHandle, Stacks, TrialRunner,
};
use comeback::demo;
use comeback::model::{Reproduced, ShrinkHistory};
use comeback::nemesis::NemesisError;
use comeback::shrink::Ending;
use comeback::trace::Trace;
use comeback::watched;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::control::{Nobody, campaign, run};
use super::explanations::{self, Checked, Effort};

fn handle(variant: Variant) -> StackHandle {
    demo::simulated(variant).unwrap()
}

/// The saved trace of a failure that nobody has shrunk yet.
async fn found() -> (TempDir, PathBuf) {
    found_of(Variant::StuckBusy).await
}

async fn found_of(variant: Variant) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&campaign(folder.path()), &handle(variant)).await;
    let trace = PathBuf::from(&summary.failures[0].trace);
    (folder, trace)
}

/// A simulated stack that passes for a live one: trials that take their time wait for each other.
struct OneAtATime(Box<dyn TrialRunner>);

#[async_trait]
impl TrialRunner for OneAtATime {
    async fn bring_up(
        &self,
        stack: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, NemesisError> {
        self.0.bring_up(stack, interrupt, audience).await
    }

    async fn execute(
        &self,
        stack: &StackHandle,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        self.0.execute(stack, attempt, interrupt, audience).await
    }

    fn most_at_once(&self) -> usize {
        1
    }
}

fn one_at_a_time(variant: Variant) -> StackHandle {
    let handle = handle(variant);
    StackHandle {
        runner: Box::new(OneAtATime(handle.runner)),
        ..handle
    }
}

async fn shrink(variant: Variant, kept: &Path, runs: u64) -> Shrunken {
    shrink_on(1, variant, kept, runs).await
}

/// The same on several stacks at once.
async fn shrink_on(stacks: usize, variant: Variant, kept: &Path, runs: u64) -> Shrunken {
    let (_never, interrupt) = watched::channel(false);
    let budget = ShrinkBudget {
        runs,
        within: Duration::from_secs(600),
        shared: None,
    };
    let (failing, interrupt) = (Trace::read(kept).unwrap(), Interrupt::new(interrupt));
    let shrinking = Shrinking {
        kept,
        folder: kept.parent().unwrap(),
        budget,
    };
    let handles: Vec<StackHandle> = (0..stacks).map(|_| one_at_a_time(variant)).collect();
    let stacks = Stacks::new(&handles[0], &handles[1..]);
    let shrunken = stacks.shrink(&failing, shrinking, &interrupt, &Nobody);
    shrunken.await.unwrap().expect("it failed")
}

/// What is executed ahead is what one stack would have executed in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_stacks_shrink_a_failure_to_what_one_shrinks_it_to() {
    for (variant, runs) in [(Variant::StuckBusy, 600), (Variant::DeafProcessor, 30)] {
        let (folder, kept) = found_of(variant).await;
        let copy = folder.path().join("copy.jsonl");
        std::fs::copy(&kept, &copy).unwrap();
        let one = shrink(variant, &kept, runs).await;
        let several = shrink_on(4, variant, &copy, runs).await;
        assert_eq!(several.history, one.history, "{variant}");
        assert_eq!(several.trace.plan, one.trace.plan);
        assert_eq!(several.reproduced, one.reproduced);
        assert_eq!(several.explanation, one.explanation);
        let left = std::fs::read_dir(folder.path()).unwrap();
        let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        assert!(
            !left
                .iter()
                .any(|name| name.to_string_lossy().starts_with("shrinking-")),
            "{left:?}"
        );
    }
}

/// What a campaign has spent on other failures is gone.
#[tokio::test]
async fn the_time_for_shrinking_is_shared_by_the_failures_of_a_campaign() {
    let (folder, kept) = found().await;
    let (_never, interrupt) = watched::channel(false);
    let within = Duration::from_secs(600);
    let budget = ShrinkBudget {
        runs: 600,
        within,
        shared: Some(within),
    };
    let (failing, interrupt) = (Trace::read(&kept).unwrap(), Interrupt::new(interrupt));
    let handle = handle(Variant::StuckBusy);
    let shrinking = Shrinking {
        kept: &kept,
        folder: folder.path(),
        budget,
    };
    let stacks = Stacks::new(&handle, []);
    let shrunken = stacks.shrink(&failing, shrinking, &interrupt, &Nobody);
    let shrunken = shrunken.await.unwrap().expect("it failed");
    assert_eq!(shrunken.ending, Ending::Stopped);
    assert_eq!(shrunken.history.runs, 0);
    let text = &shrunken.explanation.text;
    assert!(text.contains("--shrink-for 10m allows no more"), "{text}");
}

/// What a trace notes under a name.
fn note(trace: &Trace, name: &str) -> Option<Value> {
    let mut notes = trace.notes.iter().rev();
    notes.find_map(|note| note.get(name).cloned())
}

fn rate(trace: &Trace) -> Reproduced {
    serde_json::from_value(note(trace, "rate").unwrap()).unwrap()
}

fn history(trace: &Trace) -> ShrinkHistory {
    serde_json::from_value(note(trace, "shrink").unwrap()).unwrap()
}

#[tokio::test]
async fn a_failure_that_is_gone_is_kept_and_not_explained() {
    let (_folder, kept) = found().await;
    let mut failing = Trace::read(&kept).unwrap();
    let seen = json!({"rate": {"failed": 4, "runs": 20}});
    failing.notes.push(seen);
    fs::remove_file(&kept).unwrap();
    failing.write(&kept).unwrap();
    let shrunken = shrink(Variant::Healthy, &kept, 600).await;
    assert_eq!(shrunken.ending, Ending::NotShownAgain);
    insta::assert_snapshot!(shrunken.explanation.text, @"It did not show again, so nothing can be said of what it needs. f1 kept `backend` away for 115 ms (planned 5 ms). f2 kept `backend` away for 115 ms (planned 5 ms). f3 kept `backend` away for 115 ms (planned 5 ms). This plan failed in 4 of 80 executions that measured how often it does (rate 0.02–0.12).");
    let left = Trace::read(&kept).unwrap();
    assert_eq!(left.plan, failing.plan);
    assert_eq!(left.judgement, failing.judgement);
    assert_eq!((rate(&left).failed, rate(&left).runs), (4, 80));
}

#[tokio::test]
async fn what_was_found_out_before_is_not_forgotten() {
    let (_folder, kept) = found().await;
    let first = shrink(Variant::StuckBusy, &kept, 600).await;
    assert_eq!(first.ending, Ending::Finished);
    let mut noted = Trace::read(&kept).unwrap();
    noted.notes.push(json!({"ticket": "API-17"}));
    fs::remove_file(&kept).unwrap();
    noted.write(&kept).unwrap();

    let text = fs::read_to_string(&kept).unwrap();
    let in_vain = shrink(Variant::StuckBusy, &kept, 1).await;
    assert_eq!(in_vain.ending, Ending::Stopped);
    assert_eq!(fs::read_to_string(&kept).unwrap(), text);

    let again = shrink(Variant::StuckBusy, &kept, 600).await;
    assert!(again.trace.plan.size() <= noted.plan.size());
    let left = Trace::read(&kept).unwrap();
    assert_eq!(note(&left, "ticket"), Some(json!("API-17")));
    let (before, after) = (history(&noted), history(&left));
    assert_eq!(after.from_steps, before.from_steps);
    assert_eq!(after.history[..before.history.len()], before.history);
    let numbers = after.history.iter().map(|run| run.run);
    assert!(numbers.eq(1..=after.runs + after.guard_runs));
}

#[tokio::test]
async fn why_it_was_not_finished_is_told() {
    let (_folder, kept) = found().await;
    let shrunken = shrink(Variant::StuckBusy, &kept, 3).await;
    let text = shrunken.explanation.text;
    let why = "Shrinking ended early (--shrink-runs 3 allows no more), so it is not known what";
    assert!(text.starts_with(why), "{text}");
    let left = Trace::read(&kept).unwrap();
    assert_eq!(note(&left, "rate"), None, "nobody has measured it");
}

/// What showed in six of six executions does not give way to what failed once.
#[tokio::test]
async fn a_trace_whose_rate_was_measured_is_not_replaced_by_one_that_failed_once() {
    let (_folder, kept) = found().await;
    let mut solid = Trace::read(&kept).unwrap();
    solid.notes.push(json!({"rate": {"failed": 6, "runs": 6}}));
    fs::remove_file(&kept).unwrap();
    solid.write(&kept).unwrap();
    let shrunken = shrink(Variant::StuckBusy, &kept, 6).await;
    assert_eq!(shrunken.ending, Ending::Stopped);
    let left = Trace::read(&kept).unwrap();
    assert_eq!(
        (left.plan, rate(&solid)),
        (solid.plan.clone(), Reproduced { failed: 6, runs: 6 })
    );
    let smaller = kept.with_extension("jsonl.smaller");
    let smaller = Trace::read(&smaller).expect("a smaller one is kept beside it");
    assert!(smaller.plan.size() < solid.plan.size());
    assert_eq!(note(&smaller, "rate"), None);

    // Once it is confirmed, it takes the place.
    let shrunken = shrink(Variant::StuckBusy, &kept, 600).await;
    assert_eq!(shrunken.ending, Ending::Finished);
    let left = Trace::read(&kept).unwrap();
    assert!(left.plan.size() <= smaller.plan.size());
    assert!(rate(&left).runs >= 3);
    assert!(!kept.with_extension("jsonl.smaller").exists());
}

/// The eight attempts of `gives-up` take an outage, and no second fault; a pause was named besides
/// while the name of a failure had to stay the same.
#[tokio::test]
async fn a_failure_under_another_name_is_the_same_failure() {
    let folder = tempfile::tempdir().unwrap();
    let handle = handle(Variant::GivesUp);
    let campaign = Campaign {
        seed: 2,
        shrink: Some(ShrinkBudget {
            runs: 600,
            within: Duration::from_secs(600),
            shared: None,
        }),
        ..campaign(folder.path())
    };
    let summary = run(&campaign, &handle).await;
    let failure = &summary.failures[0];
    let plan = failure.plan.as_ref().unwrap();
    let faults: Vec<&str> = plan.faults().map(|(_, fault)| fault.kind.name()).collect();
    assert!(faults == ["rapid"] || faults == ["kill"], "{plan}");
    assert_eq!(plan.steps.len(), 1, "{plan}");
    assert_eq!(failure.signature.fault, faults[0]);
    let explanation = failure.explanation.as_deref().unwrap();
    assert!(explanation.starts_with("Needed: "), "{explanation}");
}

/// Every claim of some explanations, tried out. `cargo bench --bench minimum` does so for all bugs and many seeds.
#[tokio::test]
async fn explanations_are_true() {
    let effort = Effort {
        tries: 4,
        values: 6,
    };
    let mut all = Checked::default();
    for variant in [Variant::StuckBusy, Variant::GivesUp] {
        let handle = handle(variant);
        let folder = tempfile::tempdir().unwrap();
        let found = run(&campaign(folder.path()), &handle).await;
        let failure = &found.failures[0];
        let shrunken = shrink(variant, Path::new(&failure.trace), 600).await;
        let (plan, explanation) = (&shrunken.trace.plan, &shrunken.explanation);
        let name = &failure.signature;
        all.add(explanations::check(
            &handle,
            name,
            plan,
            explanation,
            effort,
        ));
    }
    let Checked {
        needed, boundaries, ..
    } = &all;
    assert!(needed.of >= 2 && boundaries.of >= 2, "{all:?}");
    assert_eq!(
        (needed.right, boundaries.right),
        (needed.of, boundaries.of),
        "{all:?}"
    );
}
