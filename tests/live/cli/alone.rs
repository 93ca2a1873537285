//! Two runs on one stack.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::desk::Desk;
use crate::support::live::{self, Live, until};
use crate::support::turn::{self, Group};

/// A service that is a file; its kill takes until somebody says go.
fn config(name: &str, timeout: &str) -> String {
    format!(
        r#"
[api]
url = "http://127.0.0.1:1"
[backend.{name}]
ready = {{ exec = ["test", "-e", "up"] }}
[backend.{name}.command]
start = ["touch", "up"]
kill = ["sh", "-c", "touch begun; until test -e go; do sleep 0.05; done; rm up"]
status = ["test", "-e", "up"]
timeout = "{timeout}"
[[request]]
path = "/"
"#
    )
}

/// Whatever the configurations call it, it is the same service.
#[test]
fn two_runs_on_one_stack_exclude_each_other_or_wait() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    desk.write("comeback.toml", &config("store", "60s"));
    desk.write("other.toml", &config("depot", "60s"));
    desk.write("up", "");
    let first = Live::start(&desk, "fault kill");
    until("the kill has begun", || desk.path().join("begun").exists());
    let refused = desk.run("fault start --config other.toml");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let told = "comeback: `depot` is in use by `comeback fault` (process ";
    assert!(refused.stderr.starts_with(told), "{}", refused.stderr);
    assert!(refused.stderr.contains("--wait"), "{}", refused.stderr);

    // No `Live`, for the end of one kills whatever was started from the desk.
    let waiting = || {
        let mut command = desk.comeback("fault start --config other.toml --wait");
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let gives_up = waiting();
    live::until_it_heeds_signals(&gives_up);
    kill_process(Pid::from_child(&gives_up), Signal::TERM).unwrap();
    let gives_up = gives_up.wait_with_output().unwrap();
    assert_eq!(gives_up.status.code(), Some(3), "{gives_up:?}");

    let second = waiting();
    desk.write("go", "");
    let second = second.wait_with_output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    assert!(desk.path().join("up").exists());
    assert_eq!(first.finish().code, 0);
    // What the first has done by hand stays for `comeback heal`.
    assert_eq!(live::left_behind(&desk).len(), 1);
}

/// A lock ends with the process that held it.
#[test]
fn a_run_that_is_killed_keeps_nobody_out() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    desk.write("comeback.toml", &config("store", "2s"));
    desk.write("up", "");
    let mut first = Live::start(&desk, "fault kill");
    until("the kill has begun", || desk.path().join("begun").exists());
    first.signal(Signal::KILL);
    first.wait_killed();
    desk.write("go", "");
    // It heals what the first has left, or finds it healed by the reaper, before it acts itself.
    let second = desk.run("fault start");
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(desk.path().join("up").exists());
}
