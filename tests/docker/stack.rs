//! The demo as two containers, from the configuration that is in this repository.

mod containers;
mod doorway;
mod linked;

use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use containers::Containers;
use doorway::Doorway;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::docker::engine_or_skip;
use crate::support::turn::{self, Group};

/// No test waits longer than this for anything, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every outage is a pause that is long enough to meddle with it, and short enough to be waited
/// for.
const FROZEN_FOR_A_WHILE: (&str, &str) = (
    "max-outage = \"4s\"",
    "faults = [\"pause\"]\nmin-outage = \"6s\"\nmax-outage = \"8s\"",
);

/// Every outage is a pause that lasts much longer than the test.
const FROZEN: (&str, &str) = (
    "max-outage = \"4s\"",
    "faults = [\"pause\"]\nmin-outage = \"100s\"\nmax-outage = \"120s\"",
);

#[tokio::test]
async fn a_bug_is_found_and_can_be_replayed() {
    let _turn = turn::alone();
    if engine_or_skip("a_bug_is_found_and_can_be_replayed")
        .await
        .is_none()
    {
        return;
    }
    let stack = Containers::up("stuck-busy", &[]);
    let output = stack
        .comeback(&["run", "--no-shrink", "--seed", "1", "--format", "json"])
        .output();
    let (code, summary) = document(&output.expect("it ran"));
    assert_eq!(code, Some(1), "{summary}");
    let failure = &summary["failures"][0];
    let invariant = failure["invariant"].as_str().expect("a name");
    assert!(["no-hang", "recovers"].contains(&invariant), "{summary}");
    stack.assert_runs();

    let trace = failure["trace"].as_str().expect("a path");
    let output = stack
        .comeback(&["replay", trace, "--times", "2", "--format", "json"])
        .output();
    let (code, replayed) = document(&output.expect("it ran"));
    // Which plan finds it depends on the machine, and so does whether it fails again, or can be
    // told.
    let reproduced = &replayed["reproduced"];
    let number = |of: &Value| of.as_u64().expect("a number");
    let told = number(&reproduced["runs"]) + number(&replayed["inconclusive"]);
    assert_eq!(told, 2, "{replayed}");
    let failed = number(&reproduced["failed"]) > 0;
    assert!(!failed || code == Some(1), "{replayed}");
    stack.assert_runs();
}

#[tokio::test]
async fn a_healthy_stack_holds() {
    let _turn = turn::alone();
    if engine_or_skip("a_healthy_stack_holds").await.is_none() {
        return;
    }
    let stack = Containers::up("healthy", &[]);
    // On a busy machine the API may give jobs up by its own deadline: a trial may stay undecided,
    // but most of them must hold, and none may be violated.
    let arguments = ["run", "--seed", "1", "--plans", "4", "--format", "json"];
    let lenient = ["--max-inconclusive", "50%"];
    let mut run = stack.comeback(&arguments);
    let (code, summary) = document(&run.args(lenient).output().expect("it ran"));
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(summary["plans_executed"], 4, "{summary}");
    stack.assert_runs();
}

#[tokio::test]
async fn copies_of_a_stack_share_the_trials() {
    let _turn = turn::alone();
    let test = "copies_of_a_stack_share_the_trials";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let copy = Containers::up("healthy", &[]);
    let listed = format!("instances = [\"{}\"]\n[api]", copy.project());
    let stack = Containers::up("healthy", &[("[api]", &listed)]);
    let started_at = |stack: &Containers| {
        let backend = stack.container("backend");
        stack.docker(&["inspect", "--format", "{{.State.StartedAt}}", &backend])
    };
    let looked = stack.comeback(&["doctor"]).output().expect("it ran");
    let text = String::from_utf8_lossy(&looked.stdout).into_owned();
    let found = format!("container of backend in the copy {}", copy.project());
    assert!(looked.status.success() && text.contains(&found), "{text}");

    let before = [started_at(&stack), started_at(&copy)];
    let arguments = [
        "run",
        "--seed",
        "1",
        "--plans",
        "4",
        "--jobs",
        "2",
        "--max-inconclusive",
        "50%",
        "--format",
        "json",
    ];
    let (code, summary) = document(&stack.comeback(&arguments).output().expect("it ran"));
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(summary["plans_executed"], 4, "{summary}");
    assert_ne!(
        started_at(&stack),
        before[0],
        "nothing was done to the stack"
    );
    assert_ne!(started_at(&copy), before[1], "nothing was done to its copy");
    stack.assert_runs();
    copy.assert_runs();

    let arguments = ["run", "--seed", "1", "--plans", "4", "--jobs", "3"];
    let output = stack.comeback(&arguments).output().expect("it ran");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("lists 1 in `instances`"), "{text}");
}

#[tokio::test]
async fn ctrl_c_in_the_middle_of_a_fault_thaws() {
    let _turn = turn::with(Group::DockerStack);
    if engine_or_skip("ctrl_c_in_the_middle_of_a_fault_thaws")
        .await
        .is_none()
    {
        return;
    }
    let stack = Containers::up("healthy", &[FROZEN]);
    let mut run = stack.run_until_frozen();
    kill_process(Pid::from_child(&run), Signal::INT).expect("it is there");
    assert_eq!(run.wait().expect("it ended").code(), Some(130));
    stack.assert_runs();
}

#[tokio::test]
async fn heal_thaws_what_a_killed_run_left_frozen() {
    let _turn = turn::with(Group::DockerStack);
    if engine_or_skip("heal_thaws_what_a_killed_run_left_frozen")
        .await
        .is_none()
    {
        return;
    }
    let stack = Containers::up("healthy", &[FROZEN]);
    let mut run = stack.run_until_frozen();
    // Its only child is the reaper, which would heal as well.
    kill_process(only_child(&run), Signal::KILL).expect("it is there");
    run.kill().expect("it is there");
    run.wait().expect("it ended");
    assert_eq!(stack.state("backend"), "paused");

    let healed = stack.comeback(&["heal"]).output().expect("it ran");
    let text = String::from_utf8_lossy(&healed.stdout).into_owned();
    assert!(
        healed.status.success() && text.contains("runs again"),
        "{text}"
    );
    stack.assert_runs();
    let again = stack.comeback(&["heal"]).output().expect("it ran");
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing to heal"));
}

#[tokio::test]
async fn a_container_that_somebody_else_killed_makes_the_trial_inconclusive() {
    let _turn = turn::with(Group::DockerStack);
    let test = "a_container_that_somebody_else_killed_makes_the_trial_inconclusive";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let stack = Containers::up("healthy", &[FROZEN_FOR_A_WHILE]);
    let run = stack.run_until_frozen();
    stack.docker(&["kill", &stack.container("backend")]);
    let (code, summary) = document(&run.wait_with_output().expect("it ended"));
    assert_eq!(code, Some(3), "{summary}");
    let reasons = summary["inconclusive_reasons"].to_string();
    assert!(reasons.contains("backend"), "{summary}");
    stack.assert_runs();
}

#[tokio::test]
async fn a_daemon_that_goes_away_makes_the_trial_inconclusive_and_heal_mends_it_when_it_is_back() {
    let _turn = turn::with(Group::DockerStack);
    let test =
        "a_daemon_that_goes_away_makes_the_trial_inconclusive_and_heal_mends_it_when_it_is_back";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let stack = Containers::up("healthy", &[FROZEN_FOR_A_WHILE]);
    let mut doorway = Doorway::open();
    let address = [("DOCKER_HOST", doorway.address())];
    let run = stack.run_until_frozen_with(&address);
    doorway.close();
    let output = run.wait_with_output().expect("it ended");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("no container engine listens there; start it"),
        "{told}"
    );

    doorway.reopen();
    let mut heal = stack.comeback(&["heal"]);
    let healed = heal.envs(address).output().expect("it ran");
    let text = String::from_utf8_lossy(&healed.stdout);
    assert!(healed.status.success(), "{text}");
    stack.assert_runs();
}

#[tokio::test]
async fn a_missing_project_is_answered_by_those_that_are_there() {
    let _turn = turn::with(Group::DockerStack);
    let test = "a_missing_project_is_answered_by_those_that_are_there";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let wrong = ("service = \"api\"", "service = \"apy\"");
    let stack = Containers::up("healthy", &[wrong]);
    let output = stack.comeback(&["run"]).output().expect("it ran");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("`apy`") && text.contains("the services are api, backend"),
        "{text}"
    );
}

#[test]
fn an_absent_daemon_is_named() {
    let _turn = turn::with(Group::DockerStack);
    let state = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_comeback"))
        .args(["run", "--config", containers::CONFIG])
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("COMEBACK_STATE_DIR", state.path())
        .output()
        .expect("it ran");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("/nowhere/docker.sock"), "{text}");
}

/// The exit code and the one JSON document on standard output.
fn document(output: &Output) -> (Option<i32>, Value) {
    let complaints = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        document.unwrap_or_else(|error| panic!("{error}: {complaints}")),
    )
}

fn only_child(process: &Child) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", process.id());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let children = std::fs::read_to_string(&path).expect("it is there");
        let mut children = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok());
        if let (Some(child), None) = (children.next().and_then(Pid::from_raw), children.next()) {
            return child;
        }
        assert!(Instant::now() < deadline, "not exactly one child");
    }
}
