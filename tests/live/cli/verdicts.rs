//! What a run finds, its replay shows again and its check confirms; and what a healthy API is told.

use std::fs;
use std::path::Path;

use comeback::app::Variant;
use comeback::trace::Trace;
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::live;
use crate::support::turn::{self, Group};

#[test]
fn stuck_busy_is_found_replayed_and_checked() {
    let _turn = turn::with(Group::Cli);
    is_found_replayed_and_checked(Variant::StuckBusy, 1);
}

#[test]
fn stale_connected_is_found_replayed_and_checked() {
    let _turn = turn::with(Group::Cli);
    is_found_replayed_and_checked(Variant::StaleConnected, 1);
}

/// The seed is one that needs few plans: only a long enough `pause` shows this bug.
#[test]
fn no_deadline_is_found_replayed_and_checked() {
    let _turn = turn::with(Group::Cli);
    is_found_replayed_and_checked(Variant::NoDeadline, 16);
}

#[test]
fn a_healthy_api_holds_and_the_document_is_all_there_is_on_standard_output() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let run = desk.run("run --demo healthy --seed 1 --plans 5 --format json");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let summary = run.document();
    for key in [
        "verdict",
        "seed",
        "plans_executed",
        "elapsed_ms",
        "inconclusive",
        "failures",
    ] {
        assert!(!summary[key].is_null(), "{key} is missing: {summary}");
    }
    assert_eq!(summary["verdict"], "holds");
    assert_eq!(summary["plans_executed"], 5);
    let folder = desk.path().join(summary["run"].as_str().unwrap());
    assert_eq!(read_json(&folder.join("summary.json")), summary);
    assert_eq!(live::traces(&desk).len(), 5);
    assert!(live::left_behind(&desk).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_plans() {
    let _turn = turn::with(Group::Cli);
    let plans = |variant: &str, seed: u64| {
        let desk = Desk::new();
        desk.run(&format!("run --demo {variant} --seed {seed} --plans 2"));
        let traces = live::traces(&desk);
        assert!(!traces.is_empty());
        let plan = |trace: &String| trace.lines().nth(1).unwrap().to_owned();
        traces.iter().map(plan).collect::<Vec<_>>()
    };
    let first = plans("healthy", 5);
    assert_eq!(first.len(), 2);
    assert_eq!(first, plans("healthy", 5));
    assert_ne!(first[0], plans("healthy", 6)[0]);
}

fn is_found_replayed_and_checked(variant: Variant, seed: u64) {
    let desk = Desk::new();
    let run = desk.run(&format!(
        "run --demo {variant} --seed {seed} --no-shrink --format json"
    ));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let summary = run.document();
    let failure = &summary["failures"][0];
    let invariant = failure["invariant"].as_str().unwrap();
    assert!(variant.caught_by().contains(&invariant), "{failure}");
    assert!(live::left_behind(&desk).is_empty());

    let name = failure["trace"].as_str().unwrap();
    let recorded = Trace::read(&desk.path().join(name)).unwrap();
    let judgement = serde_json::to_value(recorded.judgement.unwrap()).unwrap();
    assert_eq!(judgement["signature"], failure["signature"]);
    let check = desk.run(&format!("check {name} --format json"));
    assert_eq!(check.code, 1, "{}{}", check.stdout, check.stderr);
    assert_eq!(check.document()[0]["judgement"], judgement);
    let check = desk.run(&format!("check {name}"));
    assert_eq!(check.code, 1);
    assert!(check.stdout.contains(invariant), "{}", check.stdout);

    // Timing is not replayed to the microsecond, so a failure need not show each time, nor be the first of several to show.
    let mut replays = (0..10).map(|_| desk.run(&format!("replay {name}")));
    let shown = replays.find(|replay| replay.stdout.starts_with("reproduced 1 of 1 (rate "));
    let replay = shown.expect("it shows once in ten replays");
    assert_eq!(replay.code, 1, "{}{}", replay.stdout, replay.stderr);
    assert!(live::left_behind(&desk).is_empty());
}
fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
