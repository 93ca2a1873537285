//! The files for machines, read by parsers that nobody here wrote.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::desk::{Desk, finish};

/// A folder in which a campaign has failed and another has held. The folders of their runs are told.
fn campaigns() -> (Desk, [String; 2]) {
    let desk = Desk::new();
    let run = |arguments: &str| {
        let run = desk.run(&format!("run --sim --quiet --format json {arguments}"));
        let summary: Value = serde_json::from_str(&run.stdout).unwrap();
        summary["run"].as_str().unwrap().to_owned()
    };
    let failed = run("--demo stuck-busy --seed 1");
    let held = run("--demo healthy --seed 1 --plans 5");
    (desk, [failed, held])
}

#[test]
fn independent_libraries_read_the_same_from_the_files() {
    let Some(python) = python("independent_libraries_read_the_same_from_the_files") else {
        return;
    };
    let (desk, runs) = campaigns();
    for run in &runs {
        let report = desk.run(&format!(
            "report {run} --format json --hgrm l.hgrm --prometheus m.prom --junit j.xml"
        ));
        assert_eq!(report.code, 0, "{}", report.stderr);
        desk.write("report.json", &report.stdout);
        let mut check = Command::new(&python);
        check
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/report/independent.py"
            ))
            .args(["report.json", "l.hlog", "j.xml", "m.prom"])
            .current_dir(desk.path());
        let check = finish(check);
        assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
        // The run has written the same JUnit beside its summary.
        let beside = fs::read(desk.path().join(run).join("junit.xml")).unwrap();
        assert_eq!(beside, fs::read(desk.path().join("j.xml")).unwrap());
    }
}

#[test]
fn every_summary_keeps_to_the_published_schema() {
    let (desk, runs) = campaigns();
    let schema = desk.run("report --schema");
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let scenario = desk.run("run --sim --demo healthy --scenario idle --format json");
    let mut summaries: Vec<Value> = vec![serde_json::from_str(&scenario.stdout).unwrap()];
    for run in &runs {
        let text = fs::read_to_string(desk.path().join(run).join("summary.json")).unwrap();
        summaries.push(serde_json::from_str(&text).unwrap());
    }
    for summary in &mut summaries {
        let errors: Vec<String> = validator
            .iter_errors(summary)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        summary["verdict"] = "perhaps".into();
        assert!(!validator.is_valid(summary));
    }
}

#[test]
fn two_runs_are_compared_and_equal_ones_do_not_differ() {
    let (desk, [failed, held]) = campaigns();
    let compared = |run: &str, other: &str| {
        let report = desk.run(&format!("report {run} --against {other} --format json"));
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        report["comparison"].clone()
    };
    let new = compared(&failed, &held);
    assert_eq!(new["new"].as_array().map(Vec::len), Some(1), "{new}");
    let gone = compared(&held, &failed);
    assert_eq!(gone["gone"], new["new"]);
    let same = compared(&held, &held);
    let lines = same["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["change"] == "noise"), "{same}");
    assert!(lines.iter().all(|line| line["change"] != "worse"), "{same}");
}

#[test]
fn a_report_about_anything_else_is_refused_with_a_remedy() {
    let desk = Desk::new();
    desk.write("notes.txt", "no trace\n");
    fs::create_dir(desk.path().join("empty")).unwrap();
    for (arguments, words) in [
        ("report", "required arguments"),
        ("report nowhere.jsonl", "nowhere.jsonl"),
        ("report notes.txt", "is this a comeback trace?"),
        ("report empty", "summary.json"),
        ("report empty empty", "name the folder of one run"),
        (
            "report notes.txt --against empty",
            "name the folder of a run",
        ),
    ] {
        let report = desk.run(arguments);
        assert_eq!(report.code, 2, "{arguments}: {}", report.stderr);
        assert!(
            report.stderr.contains(words),
            "{arguments}: {}",
            report.stderr
        );
    }
}

/// A Python with the libraries, or nothing where there is none: then the test has been named as skipped, and should return.
///
/// With `COMEBACK_REQUIRE_PYTHON=1` a missing one fails the test. `COMEBACK_PYTHON` says which one it is.
fn python(test: &str) -> Option<String> {
    let python = std::env::var("COMEBACK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = ["-c", "import hdrh.log, junitparser, prometheus_client"];
    let found = Command::new(&python).args(imports).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let missing = format!("{test} ({python} lacks hdrhistogram, junitparser or prometheus_client)");
    assert!(
        !std::env::var("COMEBACK_REQUIRE_PYTHON").is_ok_and(|value| value == "1"),
        "{missing}"
    );
    // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
    let line = format!("skipped: {missing}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    None
}
