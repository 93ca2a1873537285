//! Tests: processes that have left their group, and services that end by themselves.

use super::super::family::family;
use super::super::mark::{self, MARK};
use super::super::members::Member;
use super::super::{ProcessDriver, members, undo_marked};
use super::driver::{STOP, exit_code, group, shell, until_line};
use crate::model::Act;
use crate::stack::{Driver, Lease, ServiceState, Undone};

/// The living processes with a driver's mark.
fn marked(driver: &ProcessDriver) -> Vec<Member> {
    let mut all = members::all().unwrap();
    all.retain(|member| mark::carries(member.pid, MARK, &driver.mark));
    all
}

fn assert_all_ended(members: &[Member]) {
    for member in members {
        let now = members::process(member.pid).filter(|now| now.start_ticks == member.start_ticks);
        assert!(
            now.is_none_or(|now| now.state == members::State::Ended),
            "{now:?}"
        );
    }
}

/// A worker in its own session, whose environment and parent do not show the service, and one whose
/// parent has ended.
const WANDERERS: &str = "setsid env -i sh -c 'echo worker; while :; do sleep 0.01; done' & \
    sh -c 'setsid sleep 1000 & setsid sleep 1000 &'; echo up; wait";

#[tokio::test]
async fn faults_reach_what_has_left_the_group() {
    let driver = shell(WANDERERS);
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "worker").await;
    let (pgid, _) = group(&driver);
    let reach = driver.running().unwrap().reach().clone();
    let wandered = |all: &[Member]| all.iter().filter(|m| m.group != pgid).count();
    while wandered(&reach.scan().unwrap()) < 3 {
        tokio::task::yield_now().await;
    }
    driver.act(Act::Pause).await.unwrap();
    let frozen = reach.scan().unwrap();
    assert!(
        frozen.len() >= 4 && members::stand_still(&frozen),
        "{frozen:?}"
    );
    assert_eq!(driver.state().await.unwrap(), ServiceState::Paused);
    driver.act(Act::Unpause).await.unwrap();
    assert!(!members::any_frozen(&reach.scan().unwrap()));
    let usage = driver.usage().await.unwrap().unwrap();
    assert!(usage.threads >= Some(4), "{usage:?}");
    let all = reach.scan().unwrap();
    driver.act(Act::Kill).await.unwrap();
    assert_all_ended(&all);
    assert_eq!(marked(&driver), []);
}

#[tokio::test]
async fn what_has_left_the_group_ends_with_a_stop_and_with_its_leader() {
    for end in [Some(Act::Stop { grace_ms: 10 }), None] {
        let script = match end {
            Some(_) => WANDERERS.to_owned(),
            // A process that ends at once cannot be seen starting one that clears its environment.
            None => WANDERERS
                .replace("env -i ", "")
                .replace("; wait", "; exit 0"),
        };
        let driver = shell(&script);
        let mut seen = driver.observe();
        driver.act(Act::Start).await.unwrap();
        let mut wanderers = Vec::new();
        if let Some(act) = end {
            until_line(&mut seen, "worker").await;
            // Not by way of the driver, which would know the new processes.
            let (leader, _) = group(&driver);
            wanderers = family(&members::all().unwrap(), |m| m.pid == leader);
            driver.act(act).await.unwrap();
        }
        exit_code(&mut seen).await;
        assert_eq!(marked(&driver), []);
        assert_all_ended(&wanderers);
    }
}

/// A leader that ends at once takes the knowledge of its children with it.
#[tokio::test]
async fn what_a_leader_has_started_is_known_before_it_is_asked_to_end() {
    let driver = shell(WANDERERS);
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "worker").await;
    let (leader, _) = group(&driver);
    let wanderers = family(&members::all().unwrap(), |m| m.pid == leader);
    let service = driver.running().unwrap();
    service
        .ask_to_end(rustix::process::Signal::TERM)
        .await
        .unwrap();
    service.ended().await;
    assert_all_ended(&wanderers);
}

#[tokio::test]
async fn a_service_is_asked_to_end_by_its_own_signal() {
    // A shell cannot trap a signal that was ignored at its start, as SIGINT is after `&`.
    let driver = shell("trap 'exit 5' USR1; echo up; while :; do sleep 0.01; done")
        .stopped_by(rustix::process::Signal::USR1);
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    until_line(&mut seen, "up").await;
    driver.act(STOP).await.unwrap();
    assert_eq!(exit_code(&mut seen).await, Some(5));
    assert_eq!(driver.ended_by_itself(), None);
}

#[tokio::test]
async fn a_start_that_ended_at_once_is_told_with_its_last_lines() {
    let driver = shell("echo 'Traceback:' >&2; echo 'OSError: Address already in use' >&2; exit 1");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    exit_code(&mut seen).await;
    let told = loop {
        if let Some(told) = driver.ended_by_itself() {
            break told;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        told.contains("with code 1") && told.contains("another process"),
        "{told}"
    );
    assert!(
        told.ends_with("Traceback:\nOSError: Address already in use"),
        "{told}"
    );
    let error = driver.act(Act::Pause).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot pause: start failed: it ended by itself"),
        "{error}"
    );
}

/// The journal's entry before the first spawn is enough to end all processes.
#[tokio::test]
async fn a_mark_alone_ends_everything_that_carries_it_and_its_descendants() {
    let driver = shell(WANDERERS);
    let Some(Lease::Marked { mark, name }) = driver.lease() else {
        panic!("before its first start a driver leases its mark");
    };
    let other = shell("echo up; sleep 1000");
    let mut seen = driver.observe();
    driver.act(Act::Start).await.unwrap();
    other.act(Act::Start).await.unwrap();
    until_line(&mut seen, "worker").await;
    let all = driver.running().unwrap().reach().scan().unwrap();
    std::mem::forget(driver);
    assert_eq!(undo_marked(&mark, &name).await.unwrap(), Undone::Restored);
    assert_all_ended(&all);
    assert_eq!(undo_marked(&mark, &name).await.unwrap(), Undone::Nothing);
    assert_eq!(other.state().await.unwrap(), ServiceState::Running);
    other.release().await.unwrap();
}
