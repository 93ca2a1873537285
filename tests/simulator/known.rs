//! What failed before is tried first, and known again.

use std::fs;
use std::path::{Path, PathBuf};

use comeback::app::Variant;
use comeback::campaign::{Audience, Bench, Campaign, Interrupt, Ledger, PlanSource, Saved, Stacks};
use comeback::demo;
use comeback::executor::Executor;
use comeback::generator;
use comeback::model::{Fate, Judgement, Plan, Regressed, Summary, Verdict};
use comeback::report::terminal;
use comeback::trace::{Recorder, Trace};
use comeback::watch;
use serde_json::json;
use tempfile::TempDir;

use crate::control::{Nobody, campaign, run};

/// Interrupts a campaign as soon as a saved failure has been replayed.
struct Impatient(watch::Sender<bool>);

impl Audience for Impatient {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}
    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {}
    fn shrinking(&self, _so_far: &comeback::campaign::ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}

    fn reused(&self, _told: &Regressed) {
        self.0.send_replace(true);
    }
}

fn bench(variant: Variant) -> Bench {
    demo::simulated(variant).unwrap()
}

/// A campaign that has found one failure, and one that is given it.
async fn found() -> (TempDir, Summary, Campaign) {
    let folder = tempfile::tempdir().unwrap();
    let mut campaign = campaign(folder.path());
    let summary = run(&campaign, &bench(Variant::StuckBusy)).await;
    let path = PathBuf::from(&summary.failures[0].trace);
    let trace = Trace::read(&path).unwrap();
    campaign.plans = PlanSource::Random(summary.plans_executed);
    campaign.reuse.push(Saved { path, trace });
    (folder, summary, campaign)
}

#[tokio::test]
async fn what_still_fails_is_known_and_stops_nothing() {
    let (_folder, before, again) = found().await;
    let summary = run(&again, &bench(Variant::StuckBusy)).await;
    assert_eq!(summary.verdict, Verdict::Violated);
    assert_eq!(summary.failures, [], "there is nothing new");
    assert_eq!(summary.plans_executed, before.plans_executed);
    assert_eq!(summary.reused[0].fate, Fate::StillFails);
    let [known] = &summary.known[..] else {
        panic!("{:?}", summary.known);
    };
    assert_eq!(known.signature, before.failures[0].signature);
    assert_eq!(known.trace.as_ref(), Some(&before.failures[0].trace));
    assert_eq!((known.listed, known.seen), (false, 1));
    assert_eq!(known.reproduced.unwrap().failed, 1);
}

#[tokio::test]
async fn what_a_list_puts_up_with_does_not_count() {
    let (_folder, before, mut again) = found().await;
    let pattern = format!("v1/{}/*/*/*", before.failures[0].signature.invariant);
    again.known.insert(pattern.parse().unwrap());
    for reuse in [again.reuse.clone(), Vec::new()] {
        again.reuse = reuse;
        let summary = run(&again, &bench(Variant::StuckBusy)).await;
        assert_eq!(summary.verdict, Verdict::Holds, "{summary:?}");
        assert_eq!(summary.failures, []);
        assert_eq!(summary.known.len(), 1);
        assert!(summary.known[0].listed);
        assert_eq!(summary.known[0].seen, 1);
        let files = fs::read_dir(&summary.run).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let controls: Vec<_> = names.filter(|name| name.starts_with("control")).collect();
        assert!(controls.is_empty(), "{controls:?}");
    }
}

#[tokio::test]
async fn what_is_mended_is_told_and_is_not_known() {
    let (_folder, _before, mut again) = found().await;
    let measured = json!({"rate": {"failed": 3, "runs": 3}});
    again.reuse[0].trace.notes.push(measured);
    let summary = run(&again, &bench(Variant::Healthy)).await;
    assert_eq!(summary.verdict, Verdict::Holds);
    assert_eq!(summary.known, []);
    let told = &summary.reused[0];
    assert_eq!(told.fate, Fate::Fixed);
}

/// What showed in 4 of 20 executions does not show in each three.
#[tokio::test]
async fn what_shows_now_and_then_is_known_though_its_replays_pass() {
    let (_folder, before, mut again) = found().await;
    let saved = &mut again.reuse[0].trace;
    saved.notes.push(json!({"rate": {"failed": 4, "runs": 20}}));
    saved.plan.steps.clear();
    let summary = run(&again, &bench(Variant::StuckBusy)).await;
    assert_eq!(summary.reused[0].fate, Fate::Inconclusive);
    assert_eq!(summary.failures, [], "there is nothing new");
    assert_eq!(summary.verdict, Verdict::Violated);
    let [known] = &summary.known[..] else {
        panic!("{:?}", summary.known);
    };
    assert_eq!(known.signature, before.failures[0].signature);
    assert_eq!((known.listed, known.seen), (false, 1));
    // Where it does not show, nothing is said of it.
    let summary = run(&again, &bench(Variant::Healthy)).await;
    assert_eq!((summary.verdict, summary.known.len()), (Verdict::Holds, 0));
}

#[tokio::test]
async fn a_plan_that_fails_in_another_way_now_is_told_as_such() {
    let (_folder, _before, mut again) = found().await;
    let bench = bench(Variant::StuckBusy);
    // A kill that nobody notices shows nothing.
    let idle = (0..20).map(|index| generator::plan(&bench.space, 1, index));
    let mut idle = idle.filter(|plan| plan.background.is_none() && plan.steps.len() == 1);
    again.plans = PlanSource::Scenario(vec![Plan {
        index: 0,
        ..idle.next().unwrap()
    }]);
    let judgement = again.reuse[0].trace.judgement.as_mut().unwrap();
    judgement.signature = Some("v1/accounting/job/wrong-token/stop".parse().unwrap());
    let summary = run(&again, &bench).await;
    assert_eq!(summary.reused[0].fate, Fate::FailsOtherwise);
    assert_eq!(summary.verdict, Verdict::Violated);
    let text = terminal::summary(&summary);
    let sentence =
        "shows nothing new, but a saved plan that fails in another way than before, in 1 plan";
    assert!(text.contains(sentence), "{text}");
}

#[tokio::test]
async fn a_resumed_campaign_replays_nothing_twice() {
    let (_folder, _before, again) = found().await;
    let bench = bench(Variant::StuckBusy);
    let (sender, interrupt) = watch::channel(false);
    let interrupt = Interrupt::new(interrupt);
    let impatient = Impatient(sender);
    let stacks = Stacks::new(&bench, []);
    let run = again.run(&stacks, &interrupt, &impatient);
    let summary = run.await.unwrap();
    assert!(summary.interrupted);
    assert_eq!((summary.reused.len(), summary.plans_executed), (1, 0));

    let mut ledger = Ledger::open(Path::new(&summary.run)).unwrap();
    let resumed = Campaign {
        reuse: again.reuse.clone(),
        ..ledger.campaign(&bench).unwrap()
    };
    let (_never, interrupt) = watch::channel(false);
    let interrupt = Interrupt::new(interrupt);
    let resume = resumed.resume(&mut ledger, &stacks, &interrupt, &Nobody);
    let resumed = resume.await.unwrap();
    assert_eq!(resumed.reused, summary.reused);
    assert_eq!(resumed.known[0].seen, 1);
    let replays = Path::new(&summary.run).join("reused").read_dir().unwrap();
    assert_eq!(replays.count(), 1);
}
