//! The same plan has the same history, in every run.

use std::fs;
use std::path::PathBuf;

use comeback::app::Variant;
use comeback::demo;
use comeback::generator;
use comeback::model::{Act, Verdict};
use comeback::trace::Trace;

use crate::support::desk::Desk;
use crate::trial;

/// The one trace that a run has kept.
fn kept(desk: &Desk) -> PathBuf {
    let traces = fs::read_dir(desk.path().join("traces")).unwrap();
    let mut traces: Vec<_> = traces.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    traces.remove(0)
}

/// A trace's lines without the header, which tells the time of day.
fn body(text: &str) -> &str {
    text.split_once('\n').unwrap().1
}

#[test]
fn two_processes_write_the_same_trace_byte_for_byte_and_its_replay_is_simulated_too() {
    let desks = [Desk::new(), Desk::new()];
    let texts = desks.each_ref().map(|desk| {
        let finished = desk.run("run --demo stuck-busy --sim --seed 1");
        assert_eq!(finished.code, 1, "{}{}", finished.stdout, finished.stderr);
        assert!(finished.stdout.contains("demo stuck-busy, simulated"));
        fs::read_to_string(kept(desk)).unwrap()
    });
    assert_eq!(body(&texts[0]), body(&texts[1]));
    assert!(
        !desks[0].path().join("state").exists(),
        "it keeps a journal"
    );

    let [desk, _] = desks;
    let replay = format!("replay {} --times 2", kept(&desk).display());
    let finished = desk.run(&replay);
    assert_eq!(finished.code, 1, "{}{}", finished.stdout, finished.stderr);
    let runs = fs::read_dir(desk.path().join("runs")).unwrap();
    let replayed: Vec<_> = runs
        .map(|run| run.unwrap().path().join("replay-0001.jsonl"))
        .filter(|path| path.exists())
        .collect();
    assert_eq!(replayed.len(), 1);
    let replayed = fs::read_to_string(&replayed[0]).unwrap();
    // The run has noted what its control gave.
    let noted = body(&texts[0]).split("{\"note\"").next().unwrap();
    assert!(body(&replayed) == noted, "it was another trial");
}

#[test]
fn a_trial_depends_on_its_plan_alone_whatever_came_before() {
    let handle = demo::simulated(Variant::Healthy).unwrap();
    let trial = |index| -> Trace {
        let plan = generator::plan(&handle.space, 7, index);
        trial::simulated(&handle, &plan, 0)
    };
    let forwards: Vec<_> = (0..20).map(|index| trial(index).events).collect();
    for (index, before) in forwards.iter().enumerate().rev() {
        let after = trial(index as u64).events;
        assert!(before.len() > 50 && before.len() == after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "plan {index}");
        }
    }
}

#[test]
fn traces_that_hold_are_not_kept() {
    let desk = Desk::new();
    let finished = desk.run("run --demo healthy --sim --seed 2 --plans 5 --format json");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let summary: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(summary["verdict"], serde_json::json!(Verdict::Holds));
    assert_eq!(summary["plans_executed"], 5);
    let run = desk.path().join(summary["run"].as_str().unwrap());
    let mut files = fs::read_dir(run).unwrap().map(|f| f.unwrap().path());
    assert!(!files.any(|path| path.extension().is_some_and(|end| end == "jsonl")));
}

#[test]
fn only_the_demo_can_be_simulated() {
    let desk = Desk::new();
    desk.write("comeback.toml", "");
    for arguments in ["run --sim", "run --sim --config comeback.toml"] {
        let finished = desk.run(arguments);
        assert_eq!(finished.code, 2);
        assert!(finished.stderr.contains("--demo"), "{}", finished.stderr);
    }
}

/// Healing completes an act that was given up halfway. In the simulator it completed that of a trial beside it: the backend
/// died, and no fault had made it.
#[tokio::test]
async fn what_is_under_way_in_another_trial_is_not_done_here() {
    let handle = demo::simulated(Variant::Healthy).unwrap();
    let journal = &handle.executor.journal;
    journal.intent("backend", Act::Kill, None).await.unwrap();
    let plan = generator::plan(&handle.space, 1, 0);
    let trace = trial::simulated(&handle, &plan, 0);
    let judgement = trace.judgement.unwrap();
    assert_eq!(judgement.verdict, Verdict::Holds, "{}", judgement.reason());
}
