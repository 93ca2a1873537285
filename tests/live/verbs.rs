//! The verbs for the hand, on the live demo.

use serde_json::Value;

use crate::support::desk::{Desk, assert_nothing_to_heal};
use crate::support::turn::{self, Group};

#[test]
fn send_sends_what_it_is_asked_to_and_sums_up() {
    let _turn = turn::with(Group::Demo);
    let desk = Desk::new();
    let said = desk.run("send --demo healthy --count 6 --workers 3 --kind sync --format json");
    let summary = said.document();
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!((&summary["sent"], &summary["ok"]), (&6.into(), &6.into()));
    assert_eq!(summary["latency"][0]["kind"], "sync");
    assert_nothing_to_heal(desk.path());
}

#[test]
fn watch_shows_logs_states_and_probes() {
    let _turn = turn::with(Group::Demo);
    let desk = Desk::new();
    let said = desk.run("watch --demo healthy --for 3 --probe-every 0.2 --format json");
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    let lines: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for event in ["log", "ready", "ended"] {
        assert!(
            lines.iter().any(|line| line["event"] == event),
            "{event}: {}",
            said.stdout
        );
    }
    assert_nothing_to_heal(desk.path());
}

#[test]
fn doctor_finds_nothing_wrong_with_the_healthy_demo() {
    let _turn = turn::with(Group::Demo);
    let desk = Desk::new();
    let said = desk.run("doctor --demo healthy");
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    for part in [
        "readiness of backend",
        "API",
        "request `job`",
        "echo of `sync`",
        "limit `job`",
    ] {
        assert!(
            said.stdout.contains(&format!("✓ {part}")),
            "{part}: {}",
            said.stdout
        );
    }
}
