//! What shrinking makes of a failure that is gone, or that was shrunk before.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comeback::app::Variant;
use comeback::campaign::{Bench, Interrupt, ShrinkBudget, Shrunken};
use comeback::cli::demo_bench;
use comeback::model::{Reproduced, ShrinkHistory};
use comeback::shrink::Ending;
use comeback::trace::Trace;
use comeback::watch;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control::{Nobody, campaign, run};

fn bench(variant: Variant) -> Bench {
    demo_bench::simulated(variant).unwrap()
}

/// The saved trace of a failure that nobody has shrunk yet.
async fn found() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&campaign(folder.path()), &bench(Variant::StuckBusy)).await;
    let trace = PathBuf::from(&summary.failures[0].trace);
    (folder, trace)
}

async fn shrink(variant: Variant, kept: &Path, runs: u64) -> Shrunken {
    let (_never, interrupt) = watch::channel(false);
    let budget = ShrinkBudget {
        runs,
        within: Duration::from_secs(600),
    };
    let (failing, interrupt) = (Trace::read(kept).unwrap(), Interrupt::new(interrupt));
    let (bench, folder) = (bench(variant), kept.parent().unwrap());
    let shrunken = bench.shrink(&failing, kept, folder, budget, &interrupt, &Nobody);
    shrunken.await.unwrap().expect("it failed")
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
    insta::assert_snapshot!(shrunken.explanation.text, @"It did not show again, so that nothing can be said of what it takes. This plan failed in 4 of 80 executions (rate 0.02–0.12).");
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
    let why = "(shrinking did not come to its end: --shrink-runs 3 allows no more)";
    assert!(text.contains(why), "{text}");
}
