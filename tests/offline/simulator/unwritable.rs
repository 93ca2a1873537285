//! A campaign whose summary cannot be written still has a result.

use std::fs;
use std::path::PathBuf;

use comeback::app::Variant;
use comeback::campaign::{Audience, Campaign, Interrupt, PlanSource, ShrinkingSoFar, Stacks};
use comeback::demo;
use comeback::executor::Executor;
use comeback::model::{Judgement, Plan, Regressed, Verdict};
use comeback::trace::Recorder;
use comeback::watched;

use super::control::campaign;

/// Puts a folder where the summary is to be written, as soon as a trial has ended.
struct Obstacle {
    out: PathBuf,
}

impl Audience for Obstacle {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}
    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {
        let run = fs::read_dir(&self.out).unwrap().next().unwrap().unwrap();
        let _ = fs::create_dir(run.path().join("summary.json"));
    }
    fn reused(&self, _told: &Regressed) {}
    fn shrinking(&self, _so_far: &ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}
}

#[tokio::test]
async fn what_was_found_is_returned_although_the_summary_cannot_be_written() {
    for (variant, verdict) in [
        (Variant::StuckBusy, Verdict::Violated),
        (Variant::Healthy, Verdict::Inconclusive),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("runs");
        fs::create_dir(&out).unwrap();
        let campaign = Campaign {
            plans: PlanSource::Random(2),
            out: out.clone(),
            ..campaign(folder.path())
        };
        let handle = demo::simulated(variant).unwrap();
        let stacks = Stacks::new(&handle, []);
        let obstacle = Obstacle { out };
        let (_never, interrupt) = watched::channel(false);
        let summary = campaign
            .run(&stacks, &Interrupt::new(interrupt), &obstacle)
            .await
            .unwrap();
        assert_eq!(summary.verdict, verdict, "{variant}");
        let why = summary.broken_off.unwrap();
        assert!(why.contains("summary.json"), "{why}");
        assert_eq!(
            summary.failures.len(),
            usize::from(verdict == Verdict::Violated)
        );
    }
}
