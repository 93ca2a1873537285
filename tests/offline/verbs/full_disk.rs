//! A disk on which no more can be written takes nothing that was there, and no result.

use std::fs;
use std::process::Command;

use crate::support::desk::{Desk, Finished, finish};

/// Runs `comeback` where no file can be longer than some blocks of 512 bytes. The trap makes a
/// longer one an error, as on a full disk, instead of a signal.
fn limited(desk: &Desk, blocks: u32, arguments: &str) -> Finished {
    let mut command = Command::new("sh");
    let this = env!("CARGO_BIN_EXE_comeback");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {this} {arguments}"
        ))
        .current_dir(desk.path())
        .env("COMEBACK_STATE_DIR", desk.state());
    finish(command)
}

const RUN: &str = "run --demo healthy --sim --seed 3 --plans 1 --quiet --out runs";

#[test]
fn a_result_is_printed_also_when_its_reports_cannot_be_written() {
    let desk = Desk::new();
    // Less than the page takes, and more than all else.
    let run = limited(&desk, 40, RUN);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("HOLDS: "), "{}", run.stdout);
    assert!(!run.stdout.contains("the page is"), "{}", run.stdout);
    assert!(run.stderr.contains("report.html"), "{}", run.stderr);
    let folder = fs::read_dir(desk.path().join("runs")).unwrap().next();
    let folder = folder.unwrap().unwrap().path();
    assert!(folder.join("summary.json").exists());
    for left in fs::read_dir(folder).unwrap() {
        let name = left.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains("report") && !name.starts_with('.'), "{name}");
    }
}

#[test]
fn a_run_that_cannot_write_its_traces_prints_a_result_that_says_so() {
    let desk = Desk::new();
    let arguments = "run --demo stuck-busy --sim --seed 1 --no-shrink --quiet --format json";
    let run = limited(&desk, 40, arguments);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 3, "{said}");
    let document = run.document();
    assert_eq!(document["verdict"], "inconclusive", "{said}");
    let why = document["broken_off"].as_str().unwrap_or_default();
    assert!(why.contains("trial-0000.jsonl"), "{said}");
    assert!(run.stderr.contains("reports are not complete"), "{said}");
}

#[test]
fn a_report_that_cannot_be_completed_leaves_what_was_there() {
    let desk = Desk::new();
    let run = desk.run(RUN);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let folder = fs::read_dir(desk.path().join("runs")).unwrap().next();
    let folder = folder.unwrap().unwrap().path();
    desk.write("page.html", "the page of yesterday");
    let report = |file: &str| {
        let folder = folder.display();
        limited(&desk, 8, &format!("report {folder} --html {file}"))
    };
    for file in ["page.html", "new.html"] {
        let failed = report(file);
        assert_eq!(failed.code, 2, "{}{}", failed.stdout, failed.stderr);
        assert!(failed.stderr.contains(file), "{}", failed.stderr);
    }
    let left = fs::read_to_string(desk.path().join("page.html")).unwrap();
    assert_eq!(left, "the page of yesterday");
    assert!(!desk.path().join("new.html").exists());
    let parts = fs::read_dir(desk.path()).unwrap();
    let parts = parts.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".comeback-")
    });
    assert_eq!(parts.count(), 0);

    let full = desk.run(&format!("report {} --html /dev/full", folder.display()));
    assert_eq!(full.code, 2);
    assert!(full.stderr.contains("/dev/full"), "{}", full.stderr);
    // What is no file is written in place.
    let shown = desk.run(&format!("report {} --junit /dev/stdout", folder.display()));
    assert!(shown.stdout.contains("<testsuites"), "{}", shown.stdout);
}
