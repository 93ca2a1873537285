//! Tests with a service made of files and shell commands: it is running while the file `up` exists.

use std::fs;
use std::path::Path;

use rustix::process::Pid;
use tempfile::TempDir;

use super::*;
use crate::stack::Undone;

struct Service {
    folder: TempDir,
    commands: Commands,
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

impl Service {
    fn new(change: impl FnOnce(&mut Commands)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut commands = Commands {
            name: "store".to_owned(),
            start: shell("echo start >> log; touch up"),
            stop: Some(shell("echo stop >> log; rm up")),
            kill: Some(shell("echo kill >> log; rm up")),
            status: shell("test -e up"),
            dir: folder.path().to_owned(),
            limit: Duration::from_secs(20),
        };
        change(&mut commands);
        Service { folder, commands }
    }

    fn driver(&self) -> CommandDriver {
        CommandDriver::new(self.commands.clone())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The acts so far.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

fn stop(grace_ms: u64) -> Act {
    Act::Stop { grace_ms }
}

#[tokio::test]
async fn every_act_is_done_once_and_told() {
    let service = Service::new(|_| {});
    let driver = service.driver();
    let mut seen = driver.observe();
    for act in [
        Act::Kill,
        Act::Start,
        Act::Start,
        stop(9_000),
        stop(0),
        Act::Start,
        Act::Kill,
    ] {
        driver.act(act).await.unwrap();
    }
    assert_eq!(service.log(), ["start", "stop", "start", "kill"]);
    assert_eq!(driver.state().await.unwrap(), ServiceState::Stopped);
    let mut told = Vec::new();
    while let Some(observation) = seen.try_recv() {
        told.push(match observation {
            Observation::Started { identity, .. } => identity,
            Observation::Exited { .. } => "exited".to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told, ["1", "exited", "2", "exited"]);
}

#[tokio::test]
async fn a_service_that_ends_by_itself_is_seen() {
    let service = Service::new(|_| {});
    let driver = service.driver();
    driver.act(Act::Start).await.unwrap();
    let mut seen = driver.observe();
    fs::remove_file(service.path().join("up")).unwrap();
    assert!(matches!(
        seen.recv().await,
        Some(Observation::Exited { .. })
    ));
}

#[tokio::test]
async fn who_does_not_stop_within_the_grace_is_killed() {
    let service = Service::new(|commands| commands.stop = Some(shell("echo stop >> log")));
    let driver = service.driver();
    driver.act(Act::Start).await.unwrap();
    driver.act(stop(500)).await.unwrap();
    assert_eq!(service.log(), ["start", "stop", "kill"]);
}

#[tokio::test]
async fn only_what_has_a_command_is_supported() {
    let service = Service::new(|commands| commands.stop = None);
    let driver = service.driver();
    assert!(driver.supports(Act::Kill) && !driver.supports(stop(0)));
    assert!(!driver.supports(Act::Pause) && !driver.supports(Act::Join));
    // A reset uses a stop anyway.
    driver.act(Act::Start).await.unwrap();
    driver.act(stop(0)).await.unwrap();
    assert_eq!(service.log(), ["start", "kill"]);
    let error = driver.act(Act::Pause).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "store: this driver cannot pause a service"
    );
}

#[tokio::test]
async fn errors_say_what_the_command_said() {
    async fn error(change: impl FnOnce(&mut Commands)) -> String {
        let service = Service::new(change);
        service
            .driver()
            .act(Act::Start)
            .await
            .unwrap_err()
            .to_string()
    }
    assert_eq!(
        error(|c| c.start = shell("echo one; echo no luck >&2; exit 3")).await,
        "store: cannot start: the command failed with code 3: no luck"
    );
    assert_eq!(
        error(|c| c.start = vec!["no-such-program".to_owned()]).await,
        "store: there is no program `no-such-program`: install it, or give its full path"
    );
    assert_eq!(
        error(|c| c.status = shell("exit 255")).await,
        "store: cannot ask for the status: the command failed with code 255, which is not an answer"
    );
    assert_eq!(
        error(|c| (c.start, c.limit) = (shell("true"), Duration::from_millis(300))).await,
        "store: cannot start: the service is not running after 300 ms; fix the command, or increase `timeout`"
    );
    assert_eq!(
        error(|c| (c.start, c.limit) = (shell("sleep 600"), Duration::from_millis(300))).await,
        "store: cannot start: the command did not end within 300 ms; fix it, or increase `timeout`"
    );
}

#[tokio::test]
async fn a_daemon_that_keeps_its_output_open_keeps_nobody_waiting() {
    let start = shell("sleep 600 & echo $! > pid; touch up");
    let service = Service::new(|commands| commands.start = start);
    let driver = service.driver();
    driver.act(Act::Start).await.unwrap();
    drop(driver);
    let pid = fs::read_to_string(service.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it lives on");
}

#[tokio::test]
async fn what_a_dead_run_has_ended_is_started_by_its_lease() {
    let service = Service::new(|_| {});
    let lease = service.driver().lease().unwrap();
    let text = serde_json::to_string(&lease).unwrap();
    let Lease::Commands(driven) = serde_json::from_str(&text).unwrap() else {
        panic!("{text}");
    };
    assert_eq!(undo(&driven).await.unwrap(), Undone::Restored);
    assert_eq!(undo(&driven).await.unwrap(), Undone::Nothing);
    assert_eq!(service.log(), ["start"]);
}

#[test]
fn a_lease_of_a_version_before_is_read() {
    let service = Service::new(|_| {});
    let old = serde_json::json!({ "commands": service.commands });
    let lease: Lease = serde_json::from_value(old).unwrap();
    let driven = Driven {
        commands: service.commands.clone(),
        mark: None,
    };
    assert_eq!(lease, Lease::Commands(driven));
}

/// A process that a start has left running is the service, even if its environment has the mark.
#[tokio::test]
async fn a_command_that_outlives_its_run_is_found_and_ended_and_a_daemon_is_neither() {
    // The run dies: the command's future is forgotten, not dropped, so that it does not kill the
    // command.
    let service = Service::new(|commands| {
        commands.start = shell("sleep 600 & echo $! > pid; touch up");
        commands.kill = Some(shell("touch begun; sleep 600"));
    });
    let driver = Arc::new(service.driver());
    let Some(Lease::Commands(driven)) = driver.lease() else {
        panic!("no lease");
    };
    driver.act(Act::Start).await.unwrap();
    assert!(!is_any_running(&driven, true).unwrap());
    let kill = tokio::spawn({
        let driver = Arc::clone(&driver);
        async move { driver.act(Act::Kill).await }
    });
    while !service.path().join("begun").exists() {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(is_any_running(&driven, true).unwrap());
    end_running(&driven, true).unwrap();
    let error = kill.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("code 137"), "{error}");
    assert!(!is_any_running(&driven, true).unwrap());
    assert!(service.path().join("up").exists());

    let pid = fs::read_to_string(service.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it lives on");
}

#[tokio::test]
async fn what_has_ended_by_itself_when_it_is_killed_is_no_trouble() {
    // The service ends at once, but the command takes longer than the grace period. Then there is
    // nothing left to kill.
    let slow = Service::new(|commands| commands.stop = Some(shell("rm up; sleep 5")));
    let driver = slow.driver();
    driver.act(Act::Start).await.unwrap();
    driver.act(stop(200)).await.unwrap();
    assert_eq!(driver.state().await.unwrap(), ServiceState::Stopped);

    let immortal = Service::new(|commands| commands.kill = Some(shell("exit 3")));
    let driver = immortal.driver();
    driver.act(Act::Start).await.unwrap();
    let error = driver.act(Act::Kill).await.unwrap_err().to_string();
    assert!(error.contains("code 3"), "{error}");
}

#[tokio::test]
async fn an_output_without_end_takes_little_memory_and_its_end_is_told() {
    // Waits until its output no longer takes memory (in blocks of 512 bytes).
    let script = "head -c 100000000 /dev/zero | tr '\\0' x
        while [ $(stat -L -c %b /proc/self/fd/2) -gt 20000 ]; do sleep 0.02; done
        echo; echo this is why; exit 1";
    let service = Service::new(|commands| commands.start = shell(script));
    let error = service.driver().act(Act::Start).await.unwrap_err();
    let error = error.to_string();
    assert!(error.ends_with("code 1: this is why"), "{error}");
}
