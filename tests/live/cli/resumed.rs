//! Campaigns that are killed at any moment, and resumed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::turn::{self, Group};

/// What is compared of a trial: everything but the time that it took.
type Trial = (Value, Value, Value);

#[test]
fn a_simulated_campaign_that_is_killed_again_and_again_gives_what_it_gives_undisturbed() {
    let _turn = turn::with(Group::Cli);
    // More than a fast machine simulates before the last kill.
    let arguments =
        "run --demo no-deadline --sim --plans 200 --seed 3 --max-failures 99 --no-shrink --quiet";
    let undisturbed = Desk::new();
    let code = undisturbed.run(arguments).code;
    let whole = run_folder(&undisturbed);
    let expected = trials(&whole);
    assert_eq!(expected.len(), 200);

    let desk = Desk::new();
    kill_when(&desk, arguments, 0, || !runs(&desk).is_empty());
    if begun(&desk).is_none() {
        kill_when(&desk, arguments, 0, || begun(&desk).is_some());
    }
    let run = begun(&desk).unwrap();
    // Each kill comes at another moment of whatever it meets.
    for nth in 0..6 {
        let enough = || trials(&run).len() >= 3 * (nth + 1);
        let jobs = 1 + nth % 2;
        let resume = format!("{} --jobs {jobs}", resume(&run));
        kill_when(&desk, &resume, 11 * nth as u64, enough);
    }
    // A line that was cut is none.
    let ledger = run.join("trials.ndjson");
    let mut cut = fs::read(&ledger).unwrap();
    cut.extend_from_slice(br#"{"trial":{"index":"#);
    fs::write(&ledger, cut).unwrap();
    let resumed = desk.run(&resume(&run));
    assert_eq!(resumed.code, code, "{}", resumed.stderr);
    assert_eq!(trials(&run), expected);
    assert_eq!(summary(&run), summary(&whole));

    let again = desk.run(&resume(&run));
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("came to its end"), "{}", again.stderr);
}

#[test]
fn a_live_campaign_that_is_killed_goes_on_where_it_was() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let arguments = "run --demo healthy --plans 4 --seed 1 --quiet";
    kill_when(&desk, arguments, 0, || {
        runs(&desk)
            .first()
            .is_some_and(|run| trials(run).len() >= 2)
    });
    let run = run_folder(&desk);
    let before = trials(&run);
    let resumed = desk.run(&resume(&run));
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let after = trials(&run);
    assert_eq!(after[..before.len()], before[..]);
    let indexes: Vec<&Value> = after.iter().map(|(index, _, _)| index).collect();
    assert_eq!(indexes, [0, 1, 2, 3]);
    assert_eq!(summary(&run)["plans_executed"], 4);
}

#[test]
fn what_cannot_be_resumed_is_told() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let missing = desk.run("run --resume nowhere");
    assert_eq!(missing.code, 2);
    assert!(
        missing.stderr.contains("nothing to resume"),
        "{}",
        missing.stderr
    );

    let begun = desk.run("run --demo healthy --sim --plans 1 --seed 1 --quiet");
    assert_eq!(begun.code, 0, "{}", begun.stderr);
    let run = run_folder(&desk);
    // As if it had been killed at its end.
    let ledger = run.join("trials.ndjson");
    let text = fs::read_to_string(&ledger).unwrap();
    fs::write(&ledger, text.replace("\"ended\"\n", "")).unwrap();
    let other = desk.run(&format!("run --demo stuck-busy --resume {}", run.display()));
    assert_eq!(other.code, 2);
    assert!(
        other.stderr.contains("the stack differs"),
        "{}",
        other.stderr
    );
    let resumed = desk.run(&resume(&run));
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

fn resume(run: &Path) -> String {
    format!("run --quiet --resume {}", run.display())
}

/// Runs a command, and kills it so long after it has come so far, which must be before its end.
fn kill_when(desk: &Desk, arguments: &str, later_ms: u64, has_come_so_far: impl FnMut() -> bool) {
    let mut command = desk.comeback(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    crate::support::live::until("the command has come so far", has_come_so_far);
    sleep(Duration::from_millis(later_ms));
    assert_eq!(child.try_wait().unwrap(), None, "it ended too early");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The folder of the first campaign that came so far that it can be resumed.
fn begun(desk: &Desk) -> Option<PathBuf> {
    let runs = runs(desk);
    runs.into_iter()
        .find(|run| run.join("campaign.json").exists())
}

fn run_folder(desk: &Desk) -> PathBuf {
    runs(desk).remove(0)
}

fn runs(desk: &Desk) -> Vec<PathBuf> {
    let Ok(runs) = fs::read_dir(desk.path().join("runs")) else {
        return Vec::new();
    };
    runs.map(|entry| entry.unwrap().path()).collect()
}

/// The trials of a campaign, in the order in which they were finished.
fn trials(run: &Path) -> Vec<Trial> {
    let text = fs::read_to_string(run.join("trials.ndjson")).unwrap_or_default();
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let entries = whole.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let trials = entries.filter_map(|entry| entry.get("trial").cloned());
    trials
        .map(|mut trial| ["index", "verdict", "signature"].map(|name| trial[name].take()))
        .map(Trial::from)
        .collect()
}

/// The summary without what differs from one time to the next.
fn summary(run: &Path) -> Value {
    let text = fs::read_to_string(run.join("summary.json")).unwrap();
    let mut summary: Value = serde_json::from_str(&text).unwrap();
    for name in ["elapsed_ms", "run"] {
        summary[name].take();
    }
    for failure in summary["failures"].as_array_mut().unwrap() {
        // Where it was killed between the trace and the line, there are two of the trace.
        failure["trace"].take();
    }
    summary
}
