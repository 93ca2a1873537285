//! Several stacks side by side.

use rustix::process::Signal;
use serde_json::Value;

use super::parts::Parts;
use crate::support::desk::Desk;
use crate::support::live::{Live, left_behind, services, traces, until};
use crate::support::turn::{self, Group};

/// When a trial began, in milliseconds since the epoch, and when it ended.
fn span(trace: &str) -> (u128, u128) {
    let mut lines = trace.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line
    });
    let began = lines.next().unwrap()["started_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let began = humantime::parse_rfc3339(&began).unwrap();
    let began = began
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let times = lines.filter_map(|line| line["at_us"].as_u64());
    let last_us = times.max().unwrap();
    (began, began + u128::from(last_us) / 1_000)
}

/// Whether any two of the trials were under way at the same time.
fn overlap(desk: &Desk) -> bool {
    let mut spans: Vec<_> = traces(desk).iter().map(|trace| span(trace)).collect();
    spans.sort_unstable();
    spans.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

fn assert_all_were_tried(desk: &Desk, summary: &str, plans: u64) {
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(summary["verdict"], "holds", "{summary}");
    assert_eq!(summary["plans_executed"], plans);
    assert_eq!(traces(desk).len() as u64, plans);
    assert!(overlap(desk), "the trials came one after the other");
    assert_eq!(left_behind(desk), [""; 0]);
}

#[test]
fn several_demos_share_the_trials() {
    let _turn = turn::with(Group::Cli);
    // They slow each other down, and that a trial of the few is undecided is not what this is about.
    let desk = Desk::new();
    let done = desk
        .run("run --demo healthy --plans 6 --seed 1 --jobs 2 --max-inconclusive 50% --format json");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_all_were_tried(&desk, &done.stdout, 6);
}

#[test]
fn all_stacks_of_a_killed_run_are_healed() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let mut run = Live::start(
        &desk,
        "run --demo healthy --plans 50 --seed 1 --jobs 2 --no-shrink --quiet",
    );
    until("both stacks are up", || services(&desk).len() == 4);
    run.until_a_fault_strikes();
    run.signal(Signal::KILL);
    run.wait_killed();
    until("nothing is left", || left_behind(&desk).is_empty());
}

/// The demo's parts, at ports that comeback chooses.
const ANY_PORT: &str = r#"
name = "parts"
[api]
url = "http://127.0.0.1:${port:api}"
process = { command = ["PROGRAM", "demo-part", "api", "--listen", "127.0.0.1:${port:api}", "--backend", "127.0.0.1:${port:store}"] }
[backend.store]
process = { command = ["PROGRAM", "demo-part", "backend", "--listen", "127.0.0.1:${port:store}"] }
ready = { exec = ["PROGRAM", "demo-part", "health", "127.0.0.1:${port:store}"], every = "50ms", timeout = "2s" }
[[request]]
name = "sync"
path = "/sync"
json = { prompt = "hello", token = "{token}" }
expect = { status = 200, echo = "/token" }
[generator]
max-outage = "200ms"
max-plan = "1s"
[trial]
settle = "600ms"
"#;

#[test]
fn a_configured_stack_has_copies_where_comeback_chooses_the_ports() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let program = env!("CARGO_BIN_EXE_comeback");
    desk.write("comeback.toml", &ANY_PORT.replace("PROGRAM", program));
    let done = desk.run("run --plans 4 --seed 1 --jobs 2 --max-inconclusive 50% --format json");
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert_all_were_tried(&desk, &done.stdout, 4);
}

#[test]
fn stacks_that_would_share_a_service_are_refused() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let parts = Parts::new();
    parts.write(&desk, &parts.api());
    let done = desk.run("run --plans 4 --jobs 2");
    assert_eq!(done.code, 2, "{}", done.stderr);
    let told = "all would share [api] of";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert!(done.stderr.contains("${port:NAME}"), "{}", done.stderr);
    assert_eq!(left_behind(&desk), [""; 0]);
}
