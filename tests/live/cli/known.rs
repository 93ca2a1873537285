//! What failed before, on a stack of the user's own.

use std::fs;

use serde_json::Value;

use super::parts::Parts;
use crate::support::desk::Desk;
use crate::support::turn::{self, Group};

/// What this API does after each kill is a failure.
const HARSH: &str = r#"
[log]
forbidden = ["connection lost"]
[generator]
faults = ["kill"]
max-outage = "100ms"
max-wait = "100ms"
"#;

#[test]
fn a_saved_failure_is_replayed_first_and_a_list_puts_up_with_it() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let mut parts = Parts::new();
    parts.more = HARSH;
    parts.write(&desk, &parts.api());
    let run = "run --plans 1 --no-shrink --format json";
    let first = desk.run(&format!("{run} --seed 1"));
    assert_eq!(first.code, 1, "{}{}", first.stdout, first.stderr);
    let failure = first.document()["failures"][0].clone();
    fs::write(desk.path().join("traces/other.jsonl"), "no trace\n").unwrap();

    // A trace that cannot be read is reported with `--quiet`, too: it is no progress.
    let second = desk.run(&format!("{run} --seed 1 --quiet"));
    assert_eq!(second.code, 1, "{}{}", second.stdout, second.stderr);
    let summary = second.document();
    assert_eq!(summary["failures"], Value::Array(Vec::new()));
    let fates = |nth: usize| {
        (
            &summary["reused"][nth]["trace"],
            &summary["reused"][nth]["fate"],
        )
    };
    assert_eq!(
        fates(0),
        (&"traces/other.jsonl".into(), &"unreadable".into())
    );
    assert_eq!(fates(1), (&failure["trace"], &"still-fails".into()));
    assert_eq!(summary["known"][0]["trace"], failure["trace"]);
    assert_eq!(summary["known"][0]["seen"], 1);
    let left_out = "not replayed: traces/other.jsonl: line 1: ";
    assert!(second.stderr.contains(left_out), "{}", second.stderr);
    let report = desk.run(&format!("report {}", summary["run"].as_str().unwrap()));
    let unreadable = "UNREADABLE: traces/other.jsonl: line 1: ";
    assert!(report.stdout.contains(unreadable), "{}", report.stdout);
    assert!(
        report
            .stdout
            .contains("shows nothing new, but 1 known failure in 1 plan"),
        "{}",
        report.stdout
    );

    let signature = failure["signature"].as_str().unwrap();
    desk.write(
        "known.txt",
        &format!("{signature}  # since the first day\n"),
    );
    let third = desk.run(&format!("{run} --seed 1 --known known.txt"));
    assert_eq!(third.code, 0, "{}{}", third.stdout, third.stderr);
    assert_eq!(third.document()["known"][0]["listed"], true);

    desk.write("known.txt", "recovers\n");
    let wrong = desk.run(&format!("{run} --known known.txt"));
    assert_eq!(wrong.code, 2);
    assert!(
        wrong
            .stderr
            .contains("known.txt:1: `recovers` is no signature"),
        "{}",
        wrong.stderr
    );
}
