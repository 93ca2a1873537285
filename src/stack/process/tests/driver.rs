use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::mark::SERVICE;
use super::super::members::Member;
use super::super::{ProcessDriver, members, undo};
use crate::model::Act;
use crate::stack::{Driver, DriverError, Lease, Observation, Observations, ServiceState, Undone};

pub(super) const STOP: Act = Act::Stop { grace_ms: 5_000 };

pub(super) fn shell(script: &str) -> ProcessDriver {
    let command = ["sh", "-c", script].map(str::to_owned).to_vec();
    ProcessDriver::new("service", command, BTreeMap::new(), None)
}

/// The living processes of a group.
fn living(group: i32) -> Vec<Member> {
    let mut all = members::all().unwrap();
    all.retain(|member| member.group == group);
    all
}

pub(super) fn group(driver: &ProcessDriver) -> (i32, u64) {
    match driver.lease() {
        Some(Lease::ProcessGroup {
            pgid, start_ticks, ..
        }) => (pgid, start_ticks),
        _ => panic!("a running process driver leases its process group"),
    }
}

async fn next(seen: &mut Observations) -> Observation {
    let event = timeout(Duration::from_secs(20), seen.recv()).await;
    event.expect("in time").expect("the driver lives")
}

pub(super) async fn until_line(seen: &mut Observations, wanted: &str) {
    loop {
        if matches!(next(seen).await, Observation::Log { line, .. } if line == wanted) {
            return;
        }
    }
}

pub(super) async fn exit_code(seen: &mut Observations) -> Option<i64> {
    loop {
        if let Observation::Exited { code, .. } = next(seen).await {
            return code;
        }
    }
}

#[tokio::test]
async fn lines_of_both_outputs_and_the_exit_are_seen_by_all() {
    let driver = shell("echo out; echo err >&2; exit 7");
    let mut observers = [driver.observe(), driver.observe()];
    driver.act(Act::Start).await.unwrap();
    for seen in &mut observers {
        assert!(matches!(next(seen).await, Observation::Started { .. }));
        let mut lines = Vec::new();
        let code = loop {
            match next(seen).await {
                Observation::Log { line, .. } => lines.push(line),
                Observation::Exited { code, .. } => break code,
                other => panic!("unexpected {other:?}"),
            }
        };
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
        assert_eq!(code, Some(7));
    }
    assert_eq!(driver.state().await.unwrap(), ServiceState::Stopped);
}

#[tokio::test]
async fn a_kill_takes_the_grandchildren_along() {
    let driver = shell("sh -c 'sleep 1000 & sleep 1000' & echo up; wait");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "up").await;
    let (pgid, _) = group(&driver);
    driver.act(Act::Kill).await.unwrap();
    assert_eq!(living(pgid), []);
    assert_eq!(members::process(pgid), None, "the leader was not reaped");
    assert_eq!(exit_code(&mut seen).await, Some(128 + 9));
}

#[tokio::test]
async fn what_a_leader_leaves_behind_ends_with_it() {
    let driver = shell("sleep 1000 & exit 0");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    let (pgid, _) = group(&driver);
    assert_eq!(exit_code(&mut seen).await, Some(0));
    assert_eq!(living(pgid), []);
}

#[tokio::test]
async fn a_paused_group_stands_still_until_it_is_thawed() {
    let driver = shell("sleep 1000 & echo up; wait");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "up").await;
    let (pgid, _) = group(&driver);
    for _twice in 0..2 {
        driver.act(Act::Pause).await.unwrap();
    }
    assert_eq!(driver.state().await.unwrap(), ServiceState::Paused);
    assert!(members::stand_still(&living(pgid)));
    for _twice in 0..2 {
        driver.act(Act::Unpause).await.unwrap();
    }
    assert_eq!(driver.state().await.unwrap(), ServiceState::Running);
    assert!(!members::any_frozen(&living(pgid)));
    assert_eq!(next(&mut seen).await, Observation::Paused(true));
    assert_eq!(next(&mut seen).await, Observation::Paused(false));
    driver.release().await.unwrap();
}

/// A shell in `vfork` waits for a child that was frozen before its `exec`. The shell itself is not
/// stopped, but cannot run.
#[tokio::test]
async fn a_group_that_forks_all_the_time_is_frozen_as_well() {
    let driver = shell("echo up; while :; do /bin/true; done");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "up").await;
    for _ in 0..40 {
        driver.act(Act::Pause).await.unwrap();
        driver.act(Act::Unpause).await.unwrap();
    }
    driver.release().await.unwrap();
}

#[tokio::test]
async fn a_stop_asks_first_also_while_frozen() {
    let driver = shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done");
    for freeze in [false, true] {
        let mut seen = driver.observe();
        driver.act(Act::Start).await.unwrap();
        until_line(&mut seen, "up").await;
        if freeze {
            driver.act(Act::Pause).await.unwrap();
        }
        driver.act(STOP).await.unwrap();
        until_line(&mut seen, "bye").await;
        assert_eq!(exit_code(&mut seen).await, Some(3));
    }
}

#[tokio::test]
async fn a_stop_kills_after_its_grace() {
    let driver = shell("trap '' TERM; echo up; while :; do sleep 0.01; done");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "up").await;
    driver.act(Act::Stop { grace_ms: 20 }).await.unwrap();
    assert_eq!(exit_code(&mut seen).await, Some(128 + 9));
}

#[tokio::test]
async fn acts_on_what_is_there_already_are_no_errors() {
    let driver = shell("sleep 1000");
    for act in [Act::Kill, STOP, Act::Unpause] {
        driver.act(act).await.unwrap();
    }
    driver.act(Act::Start).await.unwrap();
    let first = group(&driver);
    driver.act(Act::Start).await.unwrap();
    assert_eq!(group(&driver), first, "it was started twice");
    driver.act(Act::Kill).await.unwrap();
    driver.act(Act::Start).await.unwrap();
    assert_ne!(group(&driver), first, "it was not started again");
    driver.release().await.unwrap();
    driver.release().await.unwrap();
    assert!(!driver.supports(Act::Cut));
    let cut = driver.act(Act::Cut).await;
    assert!(matches!(cut, Err(DriverError::Unsupported { .. })));
    assert!(matches!(
        driver.act(Act::Pause).await,
        Err(DriverError::Act { .. })
    ));
}

#[tokio::test]
async fn a_missing_program_or_directory_is_named_with_its_remedy() {
    let missing = |command: &str, dir: Option<&str>| {
        let command = vec![command.to_owned()];
        ProcessDriver::new("ray", command, BTreeMap::new(), dir.map(Into::into))
    };
    for (driver, wanted) in [
        (missing("no-such-program", None), "`no-such-program`"),
        (missing("true", Some("/no/such/place")), "/no/such/place"),
    ] {
        let error = driver.act(Act::Start).await.unwrap_err();
        assert!(matches!(error, DriverError::Missing { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("ray: ") && text.contains(wanted), "{text}");
    }
}

#[tokio::test]
async fn a_command_is_run_with_the_service_s_environment() {
    let env = BTreeMap::from([("COLOUR".to_owned(), "green".to_owned())]);
    let driver = ProcessDriver::new("service", vec!["true".to_owned()], env, None);
    let run = async |script: &str| driver.exec(&["sh", "-c", script].map(str::to_owned)).await;
    assert_eq!(
        run("echo $COLOUR").await.unwrap(),
        (true, "green\n".to_owned())
    );
    assert_eq!(
        run("echo no >&2; false").await.unwrap(),
        (false, "no\n".to_owned())
    );
}

#[tokio::test]
async fn a_leaked_group_is_undone_frozen_or_not_and_only_once() {
    for freeze in [false, true] {
        let driver = shell("sleep 1000 & echo up; wait");
        let mut seen = driver.observe();
        driver.act(Act::Start).await.unwrap();
        until_line(&mut seen, "up").await;
        if freeze {
            driver.act(Act::Pause).await.unwrap();
        }
        let (pgid, ticks) = group(&driver);
        std::mem::forget(driver);
        assert_eq!(
            undo(pgid, ticks + 1, "service").await.unwrap(),
            Undone::Nothing,
            "another process than the one that was leased"
        );
        assert!(!living(pgid).is_empty());
        assert_eq!(
            undo(pgid, ticks, "service").await.unwrap(),
            Undone::Restored
        );
        assert_eq!(living(pgid), []);
        assert_eq!(undo(pgid, ticks, "service").await.unwrap(), Undone::Nothing);
    }
    assert_eq!(undo(0, 0, "service").await.unwrap(), Undone::Nothing);
}

#[tokio::test]
async fn what_is_left_without_its_leader_is_undone_if_it_bears_our_mark() {
    use std::os::unix::process::CommandExt;
    for (mark, wanted) in [("service", Undone::Restored), ("other", Undone::Nothing)] {
        let mut leader = std::process::Command::new("sh")
            .args(["-c", "sleep 1000 >/dev/null & exit 0"])
            .env(SERVICE, mark)
            .process_group(0)
            .spawn()
            .unwrap();
        let pgid = leader.id() as i32;
        let ticks = members::process(pgid).unwrap().start_ticks;
        leader.wait().unwrap();
        assert_eq!(undo(pgid, ticks, "service").await.unwrap(), wanted);
        let left = living(pgid);
        assert_eq!(left.is_empty(), wanted == Undone::Restored);
        assert_eq!(
            undo(pgid, ticks, mark).await.unwrap() == Undone::Restored,
            !left.is_empty()
        );
    }
}

#[tokio::test]
async fn a_dropped_driver_leaves_nothing_running() {
    let driver = shell("sleep 1000");
    driver.act(Act::Start).await.unwrap();
    let (pgid, _) = group(&driver);
    drop(driver);
    let gone = async {
        while !living(pgid).is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.unwrap();
}

#[tokio::test]
async fn usage_is_that_of_the_whole_group_and_of_one_start_only() {
    let driver = shell("sleep 600 & exec 7</dev/null 8</dev/null; echo ready; wait");
    assert_eq!(driver.usage().await.unwrap(), None);
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "ready").await;
    // Until it becomes `sleep`, the child is a shell too. Then it holds only what it inherited.
    let usage = driver.usage().await.unwrap().unwrap();
    assert_eq!(usage.threads, Some(2));
    assert!(usage.fds >= Some(3 + 3 + 2), "{usage:?}");
    assert!(usage.memory_bytes > Some(0));
    driver.act(Act::Kill).await.unwrap();
    assert_eq!(driver.usage().await.unwrap(), None);
    driver.act(Act::Start).await.unwrap();
    let again = driver.usage().await.unwrap().unwrap();
    assert_ne!(again.identity, usage.identity);
}
