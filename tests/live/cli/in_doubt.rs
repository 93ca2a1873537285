//! Runs that are killed in the middle of an act, and journals that cannot be used.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::desk::{Desk, finish};
use crate::support::live::{self, Live, until};
use crate::support::turn::{self, Group};

/// A service that is a file, and takes two seconds to be killed.
const SLOW_KILL: &str = r#"
[api]
url = "http://127.0.0.1:1"
[backend.store]
ready = { exec = ["test", "-e", "up"] }
[backend.store.command]
start = ["sh", "-c", "echo start >> log; touch up"]
kill = ["sh", "-c", "touch begun; sleep 2; rm up; touch ended"]
status = ["test", "-e", "up"]
timeout = "3s"
[[request]]
path = "/"
"#;

/// Kills a run while its kill command is at it, with or without the reaper.
fn killed_in_the_middle(desk: &Desk, with_reaper: bool) {
    desk.write("comeback.toml", SLOW_KILL);
    desk.write("up", "");
    let mut live = Live::start(desk, "fault kill store");
    until("the kill has begun", || desk.path().join("begun").exists());
    is_private(Path::new(&desk.state()), 0o700);
    for left in live::left_behind(desk) {
        is_private(Path::new(&left), 0o600);
    }
    if with_reaper {
        live::reapers(desk).iter().for_each(live::kill);
    }
    live.signal(Signal::KILL);
    live.wait_killed();
    // The rest must not be seen as part of the run that is dropped here.
    assert_eq!(live::left_behind(desk).len(), 1, "the journal");
    if with_reaper {
        let heal = desk.run("heal");
        assert_eq!(heal.code, 0, "{}{}", heal.stdout, heal.stderr);
        assert_eq!(heal.stdout, "healed: store runs again\n");
    } else {
        until("the reaper has come to its end", || {
            live::left_behind(desk).is_empty()
        });
    }
    let is_there = |name| desk.path().join(name).exists();
    assert!(is_there("ended"), "it was healed before the kill had ended");
    assert!(is_there("up"), "the service was left broken");
    let log = fs::read_to_string(desk.path().join("log")).unwrap();
    assert_eq!(log, "start\n");
    assert_eq!(live::left_behind(desk), [""; 0]);
}

fn is_private(path: &Path, mode: u32) {
    let found = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(found, mode, "{}", path.display());
}

#[test]
fn a_kill_command_that_outlives_its_run_leaves_nothing_broken() {
    let _turn = turn::with(Group::Cli);
    killed_in_the_middle(&Desk::new(), false);
}

#[test]
fn heal_waits_for_a_kill_command_that_outlives_its_run_and_its_reaper() {
    let _turn = turn::with(Group::Cli);
    killed_in_the_middle(&Desk::new(), true);
}

#[test]
fn one_unreadable_journal_keeps_no_other_from_being_healed() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let folder = desk.path().display();
    // As versions before wrote it: without done records, times and marks.
    let good = format!(
        r#"{{"owner":{{"pid":999999,"start_ticks":5}}}}
{{"lease":{{"service":"store","lease":{{"commands":{{"name":"store","start":["touch","up"],"stop":null,"kill":["rm","up"],"status":["test","-e","up"],"dir":"{folder}","limit":{{"secs":1,"nanos":0}}}}}}}}}}
{{"intent":{{"service":"store","act":"kill"}}}}
"#
    );
    fs::create_dir(desk.state()).unwrap();
    desk.write(
        "state/0-corrupt.jsonl",
        "{\"owner\":{\"pid\":999999,\"start_ticks\":5}}\ngarbage half line {\"intent\"\n",
    );
    desk.write("state/2-good.jsonl", &good);
    desk.write("state/1-foreign.jsonl", &good);
    // Only root may give a file away.
    let foreign = desk.path().join("state/1-foreign.jsonl");
    let is_foreign = chown(&foreign, Some(12_345), None).is_ok();
    if !is_foreign {
        fs::remove_file(&foreign).unwrap();
    }

    // Neither is a file, and whoever reads from a pipe without a writer waits for ever.
    let pipe = desk.path().join("state/1-pipe.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    fs::create_dir(desk.path().join("state/1-folder.jsonl")).unwrap();

    let mut command = Command::new("timeout");
    command
        .args(["30", env!("CARGO_BIN_EXE_comeback"), "heal"])
        .env("COMEBACK_STATE_DIR", desk.state());
    let heal = finish(command);
    assert_eq!(heal.code, 3, "{}{}", heal.stdout, heal.stderr);
    assert!(desk.path().join("up").exists(), "{}", heal.stdout);
    let told = |text: &str| assert!(heal.stdout.contains(text), "{}", heal.stdout);
    told("healed: store runs again");
    told("0-corrupt.jsonl: line 2: column 1: expected value; ");
    told("undo its acts by hand and remove the file");
    told("1-pipe.jsonl: it is not a file; remove it");
    told("1-folder.jsonl: it is not a file; remove it");
    if is_foreign {
        told("1-foreign.jsonl: it belongs to user 12345");
    }
    let left = live::left_behind(&desk);
    assert_eq!(left.len(), 3 + usize::from(is_foreign), "{left:?}");
}
