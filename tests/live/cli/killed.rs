//! Runs that are ended in the middle of a fault.

use rustix::process::Signal;
use serde_json::Value;

use super::parts::Parts;
use crate::support::desk::Desk;
use crate::support::live::{self, Live, until};
use crate::support::turn::{self, Group};

/// Pauses that last much longer than anything else here.
const LONG_PAUSES: &str = r#"
[generator]
faults = ["pause"]
steps = [1, 2]
min-outage = "100s"
max-outage = "200s"
max-offset = "100ms"
max-wait = "100ms"
event-anchors = 0.0
background = 0.0
"#;

pub fn parts() -> Parts {
    Parts {
        more: LONG_PAUSES,
        ..Parts::new()
    }
}

#[test]
fn ctrl_c_heals_before_it_ends() {
    let _turn = turn::with(Group::Cli);
    heals_before_it_ends(Signal::INT);
}

#[test]
fn sigterm_heals_before_it_ends() {
    let _turn = turn::with(Group::Cli);
    heals_before_it_ends(Signal::TERM);
}

fn heals_before_it_ends(signal: Signal) {
    let (desk, parts) = (Desk::new(), parts());
    parts.write(&desk, &parts.api());
    let mut live = Live::start(&desk, "run --seed 1 --format json");
    // The fault may end one of them at once.
    live::until_both_serve(&desk);
    live.until_a_fault_strikes();
    live.signal(signal);
    let finished = live.finish();
    assert_eq!(finished.code, 130, "{}", finished.stderr);
    assert!(
        finished.stderr.contains("interrupted"),
        "{}",
        finished.stderr
    );
    let summary: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    assert_eq!(live::left_behind(&desk), [""; 0]);
}

/// Not even the reaper is left.
#[test]
fn what_is_killed_with_its_reaper_can_be_read_and_healed() {
    let _turn = turn::with(Group::Cli);
    let (desk, parts) = (Desk::new(), parts());
    parts.write(&desk, &parts.api());
    let mut live = Live::start(&desk, "run --seed 1");
    live.until_a_fault_strikes();
    let reapers = live::reapers(&desk);
    assert_eq!(reapers.len(), 1);
    reapers.iter().for_each(live::kill);
    live.signal(Signal::KILL);
    assert_eq!(live.wait_killed(), -1);

    let paths = live::trace_paths(&desk);
    let check = desk.run(&format!("check {}", paths[0].display()));
    assert_eq!(check.code, 3, "{}{}", check.stdout, check.stderr);
    assert!(
        check
            .stdout
            .contains("the trial was cut off in its phase plan"),
        "{}",
        check.stdout
    );
    // The kernel ends the frozen backend itself, by SIGHUP, once its process group has lost its parent.
    assert!(!live::services(&desk).is_empty(), "the API is gone too");

    let heal = desk.run("heal");
    assert_eq!(heal.code, 0, "{}{}", heal.stdout, heal.stderr);
    let healed = "healed: the processes of api were ended";
    assert!(heal.stdout.contains(healed), "{}", heal.stdout);
    assert_eq!(live::left_behind(&desk), [""; 0]);
    let again = desk.run("heal");
    assert_eq!((again.code, again.stdout.trim()), (0, "nothing to heal"));
}

#[test]
fn what_is_killed_alone_is_healed_by_its_reaper() {
    let _turn = turn::with(Group::Cli);
    let (desk, parts) = (Desk::new(), parts());
    parts.write(&desk, &parts.api());
    let mut live = Live::start(&desk, "run --seed 1");
    // The fault may end one of them at once.
    live::until_both_serve(&desk);
    live.until_a_fault_strikes();
    live.signal(Signal::KILL);
    assert_eq!(live.wait_killed(), -1);
    until(
        "the reaper has ended the stack and removed the journal",
        || live::left_behind(&desk).is_empty(),
    );
}

#[test]
fn a_run_that_is_alive_is_not_healed() {
    let _turn = turn::with(Group::Cli);
    let (desk, parts) = (Desk::new(), parts());
    parts.write(&desk, &parts.api());
    let mut live = Live::start(&desk, "run --seed 1");
    live.until_a_fault_strikes();
    let heal = desk.run("heal");
    assert_eq!(heal.code, 0);
    assert!(
        heal.stdout.contains("is alive and was left alone"),
        "{}",
        heal.stdout
    );
    live::until_both_serve(&desk);
}

/// Each service kills comeback as the first thing that it does, so that comeback does not live to
/// write down what it has started.
#[test]
fn what_was_just_being_started_is_ended_as_well() {
    let _turn = turn::with(Group::Cli);
    for _nth in 0..5 {
        let desk = Desk::new();
        let parts = Parts {
            api: "/bin/sh",
            ..Parts::new()
        };
        parts.write(&desk, &parts.api());
        let config = std::fs::read_to_string(desk.path().join("comeback.toml")).unwrap();
        let (begin, end) = (
            config.find("[backend.store]").unwrap(),
            config.find("ready =").unwrap(),
        );
        let killer = "[backend.store]\nprocess = { command = [\"sh\", \"-c\", \"kill -9 $PPID; exec sleep 1000\"] }\n";
        desk.write(
            "comeback.toml",
            &format!("{}{killer}{}", &config[..begin], &config[end..]),
        );
        let mut live = Live::start(&desk, "run --seed 1");
        assert_eq!(live.wait_killed(), -1);
        until(
            "the reaper has ended what was started and removed the journal",
            || live::left_behind(&desk).is_empty(),
        );
    }
}
