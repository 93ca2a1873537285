//! Whenever shrinking ends, the trace on disk is a whole one that failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use comeback::model::{Signature, Verdict};
use comeback::trace::Trace;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::turn::{self, Group};

/// A desk with a failing trace that was not shrunk.
fn found() -> (Desk, PathBuf) {
    let desk = Desk::new();
    let run = desk.run("run --demo stuck-busy --sim --seed 1 --no-shrink");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let trace = only(&desk.path().join("traces"));
    (desk, trace)
}

fn only(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap();
    let traces = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
    let traces: Vec<_> = traces.collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    traces[0].clone()
}

fn shrink(desk: &Desk, trace: &Path) -> Child {
    let mut command = desk.comeback(&format!("shrink {}", trace.display()));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The steps of the trace on disk, which must have failed as the one did that was found.
fn steps(trace: &Path, found: &Signature) -> usize {
    let trace = Trace::read(trace).unwrap();
    let judgement = trace.judgement.expect("a verdict");
    assert_eq!(judgement.verdict, Verdict::Violated);
    let signature = judgement.signature.unwrap();
    assert!(signature.is_same_failure(found), "{signature}, not {found}");
    trace.plan.steps.len()
}

fn signature(trace: &Path) -> Signature {
    let judgement = Trace::read(trace).unwrap().judgement.unwrap();
    judgement.signature.unwrap()
}

#[test]
fn a_kill_at_any_time_leaves_the_best_so_far() {
    let _turn = turn::with(Group::Shrink);
    let (desk, trace) = found();
    let original = fs::read(&trace).unwrap();
    let signature = signature(&trace);
    // How long it takes on this machine tells when to kill: each kill is one fiftieth later than the one before.
    let began = std::time::Instant::now();
    let ended = shrink(&desk, &trace).wait().unwrap();
    assert_eq!(ended.code(), Some(1));
    let (whole, least) = (began.elapsed(), steps(&trace, &signature));
    let mut seen = std::collections::BTreeSet::new();
    for nth in 0..50 {
        fs::write(&trace, &original).unwrap();
        let mut child = shrink(&desk, &trace);
        std::thread::sleep(whole * nth / 50);
        child.kill().unwrap();
        child.wait().unwrap();
        seen.insert(steps(&trace, &signature));
    }
    assert!(seen.len() >= 2, "no kill came in the middle: {seen:?}");
    assert!(seen.first() >= Some(&least));
}

#[test]
fn an_interrupt_keeps_the_best_so_far() {
    let _turn = turn::with(Group::Shrink);
    let (desk, trace) = found();
    let signature = signature(&trace);
    let before = steps(&trace, &signature);
    let mut child = shrink(&desk, &trace);
    // Something has been gained: now it may end.
    while steps(&trace, &signature) == before {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    let code = child.wait().unwrap().code();
    // It may have come to its end on its own just then.
    assert!([Some(130), Some(1)].contains(&code), "{code:?}");
    assert!(steps(&trace, &signature) < before);
}

/// The same on real processes, of a failure that shows as often on a crowded machine as on an idle one: any fault there is brings it about, and eight
/// steps were found where one is enough.
#[test]
fn a_failure_of_real_processes_is_shrunk_with_few_executions() {
    let _turn = turn::alone();
    let desk = Desk::new();
    let run = desk.run("run --demo stale-connected --seed 5 --format json");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let failure = &summary["failures"][0];
    let count = |name: &str| failure[name].as_u64().unwrap();
    assert!(count("steps_before_shrink") >= 5, "{failure:#}");
    assert!(count("steps") <= 2, "{failure:#}");
    assert!(
        count("shrink_runs") + count("guard_runs") < 60,
        "{failure:#}"
    );
}
