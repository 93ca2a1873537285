//! What was found in a simulation is replayed in one, and has become of it what its bug's switch says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use comeback::app::Variant;
use comeback::campaign::{Interrupt, Regress, Replayer, StackHandle};
use comeback::demo::{self, InMemory, SimulatedDemo, SimulatedRunner, World};
use comeback::model::{Fate, Plan, Regressed, Speed};
use comeback::trace::{Trace, TraceWriter};
use comeback::watched;
use serde_json::{Value, json};

use super::control::Nobody;
use crate::support::desk::{Desk, Finished};

/// The trace of `stuck-busy`, found in a simulation: its file's name and its text.
static FOUND: LazyLock<(String, String)> = LazyLock::new(|| {
    let desk = Desk::new();
    let run = desk.run("run --demo stuck-busy --sim --seed 1 --no-shrink --format json");
    let trace = document(&run)["failures"][0]["trace"].clone();
    let name = trace.as_str().unwrap().to_owned();
    let text = fs::read_to_string(desk.path().join(&name)).unwrap();
    (name, text)
});

/// A desk with that trace.
fn found() -> (Desk, PathBuf) {
    let desk = Desk::new();
    fs::create_dir(desk.path().join("traces")).unwrap();
    let (name, text) = &*FOUND;
    desk.write(name, text);
    (desk, PathBuf::from(name))
}

fn document(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", finished.stdout, finished.stderr))
}

fn note_rate(desk: &Desk, trace: &Path, failed: u64, runs: u64) {
    let mut writer = TraceWriter::append(&desk.path().join(trace)).unwrap();
    let note = json!({"rate": {"failed": failed, "runs": runs}});
    writer.note(&note).unwrap();
}

/// What a command says, without what differs from day to day.
fn lasting(desk: &Desk, finished: &Finished) -> String {
    let text = finished
        .stdout
        .replace(&desk.path().display().to_string(), "…");
    let stamp = regex::Regex::new(r"runs/\d{8}T\d{6}Z-").unwrap();
    let text = stamp.replace_all(&text, "runs/TIME-");
    format!("{text}[exit {}]", finished.code)
}

#[test]
fn a_bug_that_is_on_still_fails_and_one_that_is_switched_off_is_fixed() {
    let (desk, trace) = found();
    let still = desk.run("regress --format json");
    assert_eq!(still.code, 1, "{}{}", still.stdout, still.stderr);
    let told = document(&still);
    assert_eq!(told["verdict"], "violated");
    assert_eq!(told["traces"][0]["fate"], "still-fails");
    assert_eq!(told["traces"][0]["trace"], trace.to_str().unwrap());
    assert_eq!(
        told["traces"][0]["reproduced"],
        json!({"failed": 1, "runs": 1})
    );

    // That it was found says nothing of how often it shows: it is not called fixed, however often
    // it passes.
    let unknown = desk.run("regress --demo healthy --format json");
    assert_eq!(unknown.code, 3, "{}{}", unknown.stdout, unknown.stderr);
    let told = &document(&unknown)["traces"][0];
    assert_eq!(told["fate"], "inconclusive");
    assert_eq!(told["confidence"], 0.0);
    // Nor does an old note that counts the execution by which the plan was chosen.
    note_rate(&desk, &trace, 1, 1);
    let unknown = document(&desk.run("regress --demo healthy --format json"));
    assert_eq!(unknown["traces"][0]["fate"], "inconclusive");

    note_rate(&desk, &trace, 3, 3);
    let fixed = desk.run("regress --demo healthy --format json");
    assert_eq!(fixed.code, 0, "{}{}", fixed.stdout, fixed.stderr);
    let told = &document(&fixed)["traces"][0];
    assert_eq!(told["fate"], "fixed");
    assert_eq!(told["reproduced"], json!({"failed": 0, "runs": 3}));
    assert!(told["confidence"].as_f64() >= Some(0.95), "{told}");

    note_rate(&desk, &trace, 5, 5);
    let told = document(&desk.run("regress --demo healthy --format json"));
    assert_eq!(told["traces"][0]["reproduced"]["runs"], 2);
    let more = document(&desk.run("regress --demo healthy --confidence 99.9% --format json"));
    assert_eq!(more["traces"][0]["reproduced"]["runs"], 7);

    note_rate(&desk, &trace, 1, 100);
    let few = desk.run("regress --demo healthy --times 3 --format json");
    assert_eq!(few.code, 3, "{}", few.stdout);
    assert_eq!(document(&few)["traces"][0]["fate"], "inconclusive");
    assert!(
        !desk.path().join("state").exists(),
        "a simulation needs no journal"
    );
}

#[test]
fn another_failure_is_told_from_the_one_that_was_saved() {
    let (desk, trace) = found();
    let otherwise = desk.run("regress --demo swallowed-error --format json");
    assert_eq!(otherwise.code, 1, "{}", otherwise.stdout);
    let told = &document(&otherwise)["traces"][0];
    assert_eq!(told["fate"], "fails-otherwise");
    assert_ne!(told["other"], told["signature"]);

    let replay = format!("replay {} --demo swallowed-error", trace.display());
    let replay = desk.run(&replay);
    assert_eq!(replay.code, 1, "{}", replay.stdout);
    assert!(
        replay.stdout.starts_with("not reproduced in 1"),
        "{}",
        replay.stdout
    );
    assert!(
        replay.stdout.contains("\nanother failure in 1 of 1: v1/"),
        "{}",
        replay.stdout
    );
}

#[test]
fn what_does_not_belong_there_is_told_and_keeps_nobody_from_the_rest() {
    let (desk, trace) = found();
    note_rate(&desk, &trace, 5, 5);
    let text = fs::read_to_string(desk.path().join(&trace)).unwrap();
    desk.write("traces/broken.jsonl", &format!("{text}{{\"seq\": oops}}\n"));
    desk.write("traces/cut.jsonl", text.lines().next().unwrap());
    let stack = "\"stack\":{\"name\":\"demo\",\"variant\":\"stuck-busy\"";
    assert!(text.contains(stack));
    let other = |of: &str| text.replace(stack, &format!("\"stack\":{of}"));
    desk.write("traces/ray.jsonl", &other("{\"name\":\"ray\""));
    let held: Vec<&str> = text
        .lines()
        .take_while(|l| !l.starts_with("{\"verdict\""))
        .collect();
    desk.write("traces/held.jsonl", &(held.join("\n") + "\n"));
    desk.write("traces/README.md", "No trace.");

    let healthy = desk.run("regress --demo healthy");
    insta::assert_snapshot!("what_does_not_belong_there", lasting(&desk, &healthy));
    assert_eq!(healthy.code, 2, "{}", healthy.stderr);

    let haunted = "{\"name\":\"demo\",\"variant\":\"haunted\"";
    desk.write("traces/haunted.jsonl", &other(haunted));
    // Its own variant still fails, which is worse than a broken file.
    let own = desk.run("regress");
    assert_eq!(own.code, 1);
    let skipped = "skipped: traces/haunted.jsonl: the demo has no variant `haunted`";
    assert!(own.stdout.contains(skipped), "{}", own.stdout);
}

#[test]
fn a_folder_without_traces_is_said_to_be_one_and_a_missing_one_is_an_error() {
    let desk = Desk::new();
    let missing = desk.run("regress");
    assert_eq!((missing.code, missing.stdout.as_str()), (2, ""));
    fs::create_dir(desk.path().join("traces")).unwrap();
    let empty = desk.run("regress");
    assert_eq!(empty.code, 4, "{}", empty.stderr);
    assert!(
        empty.stdout.starts_with("traces contains no traces"),
        "{}",
        empty.stdout
    );
    let document = document(&desk.run("regress --format json"));
    assert_eq!(document["traces"], json!([]));
}

/// A failure that shows in every third execution, whatever its rate was said to be.
#[tokio::test]
async fn a_flaky_failure_is_looked_for_as_long_as_its_rate_asks_for() {
    let (desk, trace) = found();
    let worlds = Arc::new(AtomicU64::new(0));
    let made = Arc::clone(&worlds);
    let world = move |_plan: &Plan, _nth: u64| {
        let nth = made.fetch_add(1, Ordering::Relaxed);
        let variant = match nth % 3 {
            2 => Variant::StuckBusy,
            _ => Variant::Healthy,
        };
        let SimulatedDemo { stack, api } = SimulatedDemo::new(variant, 1);
        let transport = Arc::new(InMemory::new(api));
        World { stack, transport }
    };
    let handle = StackHandle {
        runner: Box::new(SimulatedRunner::new(world)),
        ..demo::simulated(Variant::StuckBusy).unwrap()
    };
    let told = |failed, runs| {
        note_rate(&desk, &trace, failed, runs);
        worlds.store(0, Ordering::Relaxed);
        regress(&handle, desk.path(), &trace)
    };
    let often = told(90, 100).await;
    assert_eq!((often.fate, often.reproduced.runs), (Fate::Fixed, 2));
    let seldom = told(30, 100).await;
    assert_eq!((seldom.fate, seldom.reproduced.runs), (Fate::StillFails, 3));
}

async fn regress(handle: &StackHandle, folder: &Path, trace: &Path) -> Regressed {
    let (_never, interrupt) = watched::channel(false);
    let interrupt = Interrupt::new(interrupt);
    let regress = Regress {
        confidence: 0.95,
        times: 50,
        out: folder.join("runs"),
    };
    let mut replayer = Replayer::new(handle, &interrupt, &Nobody);
    let recorded = Trace::read(&folder.join(trace)).unwrap();
    regress.run(trace, &recorded, &mut replayer).await.unwrap()
}

#[test]
fn a_simulated_trace_is_replayed_in_a_simulation_with_its_fidelity() {
    let (desk, trace) = found();
    let replay = |more: &str| desk.run(&format!("replay {} {more}", trace.display()));
    let finished = replay("--times 3 --format json");
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let told = document(&finished);
    assert_eq!(told["reproduced"], json!({"failed": 3, "runs": 3}));
    let starts = &told["fidelity"]["starts"];
    assert!(starts["starts"].as_u64() > Some(3), "{starts}");
    assert!(starts["p50_ms"].as_f64() < Some(1.0), "{starts}");

    let told = document(&replay("--until-fails --times 9 --format json"));
    assert_eq!(told["reproduced"], json!({"failed": 1, "runs": 1}));
    let healthy = replay("--until-fails --times 3 --demo healthy");
    assert_eq!(healthy.code, 0, "{}", healthy.stdout);
    assert!(
        healthy
            .stdout
            .starts_with("not reproduced in 3 (rate 0.00–0.56): v1/"),
        "{}",
        healthy.stdout
    );
    assert!(!desk.path().join("state").exists());
}

#[test]
fn a_plan_is_performed_in_slow_motion() {
    let (desk, trace) = found();
    let finished = desk.run(&format!(
        "replay {} --speed 0.8 --format json",
        trace.display()
    ));
    let told = document(&finished);
    assert_eq!(told["speed"], 0.8);
    let run = desk.path().join(told["run"].as_str().unwrap());
    let replayed = Trace::read(&run.join("replay-0000.jsonl")).unwrap();
    let recorded = Trace::read(&desk.path().join(&trace)).unwrap();
    assert_eq!(replayed.plan, Speed::new(0.8).unwrap().plan(&recorded.plan));
    assert_eq!(replayed.header.limits, recorded.header.limits);

    // What the bounds of the stack do not allow is not done, at whatever speed.
    let slow = desk.run(&format!("replay {} --speed 0.001", trace.display()));
    assert_eq!(slow.code, 2);
    assert!(slow.stderr.contains("at --speed 0.001"), "{}", slow.stderr);
}
