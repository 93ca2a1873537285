//! Traces that cannot be read: each is reported with its line and a fix, and the others are
//! processed.

use std::fs;

use serde_json::Value;

use crate::support::desk::{Desk, Finished, TRACE};

/// A folder with two good traces and three that cannot be read.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("a.jsonl", TRACE);
    desk.write("broken.jsonl", &format!("{TRACE}{{\"seq\": oops}}\n"));
    desk.write("garbage.jsonl", "This is no trace.\n");
    desk.write("z.jsonl", TRACE);
    desk
}

/// The good traces are among the others, so that neither the first nor the last decides.
const ALL: &str = "garbage.jsonl a.jsonl missing.jsonl broken.jsonl z.jsonl";

/// Which fix each of the bad ones is given.
const BAD: [(&str, &str); 3] = [
    (
        "garbage.jsonl: line 1: column 1: expected value",
        "leave the file out",
    ),
    ("missing.jsonl: No such file or directory", "check the path"),
    (
        "broken.jsonl: line 3: column 9: expected value",
        "leave the file out",
    ),
];

#[track_caller]
fn assert_all_are_reported(done: &Finished) {
    assert_eq!(done.code, 2, "{}{}", done.stdout, done.stderr);
    for (what, fix) in BAD {
        let mut lines = done.stderr.lines();
        let line = lines.find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("{what}: {}", done.stderr));
        assert!(line.contains(fix), "{line}");
    }
}

#[test]
fn check_judges_the_traces_that_it_can_read_and_reports_the_others() {
    let desk = desk();
    let done = desk.run(&format!("check {ALL}"));
    assert_all_are_reported(&done);
    for good in ["INCONCLUSIVE: a.jsonl", "INCONCLUSIVE: z.jsonl"] {
        assert!(done.stdout.contains(good), "{}", done.stdout);
    }

    let done = desk.run(&format!("check {ALL} --format json --quiet"));
    assert_all_are_reported(&done);
    let document = done.document();
    let entries = document.as_array().unwrap();
    assert_eq!(entries.len(), 5, "{document}");
    assert_eq!(entries[0]["trace"], "garbage.jsonl");
    assert!(entries[0]["error"].as_str().unwrap().contains("line 1"));
    assert_eq!(entries[1]["judgement"]["verdict"], "inconclusive");
    assert_eq!(entries[2]["help"], "check the path");
}

#[test]
fn report_tells_of_the_traces_that_it_can_read_and_reports_the_others() {
    let desk = desk();
    let done = desk.run(&format!("report {ALL} --junit j.xml --html p.html"));
    assert_all_are_reported(&done);
    for good in ["INCONCLUSIVE: a.jsonl", "INCONCLUSIVE: z.jsonl"] {
        assert!(done.stdout.contains(good), "{}", done.stdout);
    }
    for (file, what) in [
        ("j.xml", "a.jsonl"),
        ("j.xml", "broken.jsonl: line 3"),
        (
            "p.html",
            "2 traces: 0 violated, 2 inconclusive, 0 held; 3 more cannot be read.",
        ),
        ("p.html", "broken.jsonl: line 3"),
    ] {
        let text = fs::read_to_string(desk.path().join(file)).unwrap();
        assert!(text.contains(what), "{file} without {what}: {text}");
    }

    let done = desk.run(&format!("report {ALL} --format json"));
    assert_all_are_reported(&done);
    let document = done.document();
    assert_eq!(document["trials"].as_array().unwrap().len(), 2);
    assert_eq!(document["unreadable"].as_array().unwrap().len(), 3);
    assert_eq!(document["unreadable"][1]["trace"], "missing.jsonl");
}

#[test]
fn a_run_is_reported_without_the_traces_that_cannot_be_read() {
    let desk = Desk::new();
    let run = desk.run("run --demo stuck-busy --sim --seed 1 --no-shrink --quiet --format json");
    let folder = run.document()["run"].as_str().unwrap().to_owned();
    desk.write(
        &format!("{folder}/control-0000.jsonl"),
        "This is no trace.\n",
    );
    let trial = fs::read_dir(desk.path().join(&folder)).unwrap();
    let trial = trial.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(trial.filter(|name| name.ends_with(".jsonl")).count() >= 2);
    let report = desk.run(&format!("report {folder}"));
    assert_eq!(report.code, 2, "{}{}", report.stdout, report.stderr);
    let line = "control-0000.jsonl: line 1: column 1: expected value";
    assert!(report.stderr.contains(line), "{}", report.stderr);
    assert!(report.stdout.contains("VIOLATED"), "{}", report.stdout);
}

/// The name of a trace is any name that a file may have.
#[cfg(target_os = "linux")]
#[test]
fn a_trace_whose_name_is_no_text_is_judged_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jsonl");
    fs::write(desk.path().join(name), TRACE).unwrap();
    for verb in ["check", "report"] {
        let mut command = desk.comeback(&format!("{verb} --format json"));
        command.arg(name);
        let done = crate::support::desk::finish(command);
        assert_eq!(done.stderr, "", "{verb}");
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        assert!(
            document.to_string().contains("caf\u{fffd}.jsonl"),
            "{document}"
        );
    }
}

/// Where a run is saved stands in its summary, which is a text: what was found would be lost at the
/// end.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_no_text_is_refused_before_anything_is_started() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    desk.write("a.jsonl", TRACE);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let sim = "run --sim --demo healthy --seed 1 --plans 1";
    for (line, option) in [
        (sim, "--out"),
        (sim, "--traces"),
        ("replay a.jsonl", "--out"),
        ("run", "--resume"),
        ("run", "--config"),
    ] {
        let mut command = desk.comeback(line);
        command.arg(option).arg(name);
        let done = crate::support::desk::finish(command);
        assert_eq!(done.code, 2, "{line} {option}: {}", done.stderr);
        let told = format!("comeback: {option} caf\u{fffd}: the name is no UTF-8 text; rename it");
        assert!(
            done.stderr.starts_with(&told),
            "{line} {option}: {}",
            done.stderr
        );
    }
    for saved in ["runs", "traces"] {
        assert!(!desk.path().join(saved).exists(), "{saved}");
    }
}
