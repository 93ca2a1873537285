//! `fault`, `heal`, `init` and `doctor` on real containers.

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::docker::engine_or_skip;
use crate::support::test_container::{TestContainer, docker, eventually, unique};
use crate::support::turn::{self, Group};

/// A running container as the one backend of a configuration, whose API nobody serves.
struct Rig {
    container: TestContainer,
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let container = TestContainer::run(&[], &["obey", "wait"]);
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[api]\nurl = \"http://127.0.0.1:1\"\n\
             [backend.db]\ndocker = {{ name = \"{}\" }}\nready = {{ exec = [\"/subject\"] }}\n\
             [[request]]\npath = \"/\"\n",
            container.name
        );
        std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
        Rig { container, folder }
    }

    /// Runs the command and gives its exit code and what it wrote as JSON.
    fn comeback(&self, line: &str) -> (Option<i32>, Value) {
        let output = Command::cargo_bin("comeback")
            .unwrap()
            .args(line.split(' '))
            .args(["--format", "json"])
            .current_dir(self.folder.path())
            .env("COMEBACK_STATE_DIR", self.folder.path().join("state"))
            .output()
            .unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), document)
    }

    fn status(&self) -> String {
        self.container.inspect("{{.State.Status}}")
    }

    /// Whether a reaper is there: its command line names the journal.
    fn has_reaper(&self) -> bool {
        let state = self.folder.path().join("state");
        let state = state.to_str().expect("UTF-8");
        let processes = std::fs::read_dir("/proc").expect("a /proc").flatten();
        // A process that ends while it is looked at has no command line.
        let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        lines
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .any(|line| line.contains(state))
    }

    fn journals(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path().join("state"));
        let files = files.into_iter().flatten().flatten();
        files
            .filter(|file| file.path().extension().is_some_and(|e| e == "jsonl"))
            .count()
    }
}

#[tokio::test]
async fn what_fault_does_stays_until_it_is_undone() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(_) = engine_or_skip("what_fault_does_stays_until_it_is_undone").await else {
        return;
    };
    let rig = Rig::new();
    for (deed, status) in [("stop", "exited"), ("kill", "exited"), ("pause", "paused")] {
        let (code, done) = rig.comeback(&format!("fault {deed} db"));
        assert_eq!((code, &done["backend"]), (Some(0), &"db".into()), "{done}");
        // The reaper has had its chance to undo it.
        eventually(|| !rig.has_reaper()).await;
        assert_eq!((rig.status().as_str(), rig.journals()), (status, 1));
        let (code, healed) = rig.comeback("heal");
        assert_eq!(code, Some(0));
        assert_eq!(
            healed["undone"].as_array().map(Vec::len),
            Some(1),
            "{healed}"
        );
        assert_eq!((rig.status().as_str(), rig.journals()), ("running", 0));
    }
}

#[tokio::test]
async fn what_is_started_again_is_awaited_and_leaves_nothing_behind() {
    let _turn = turn::with(Group::DockerDriver);
    let name = "what_is_started_again_is_awaited_and_leaves_nothing_behind";
    let Some(_) = engine_or_skip(name).await else {
        return;
    };
    let rig = Rig::new();
    let started = rig.container.inspect("{{.State.StartedAt}}");
    let (code, done) = rig.comeback("fault restart --kill --outage 0.2");
    assert_eq!(code, Some(0), "{done}");
    assert_eq!(
        (&done["acts"][0]["act"], &done["acts"][1]["act"]),
        (&"kill".into(), &"start".into())
    );
    assert!(done["ready_after_ms"].is_u64(), "{done}");
    assert_ne!(rig.container.inspect("{{.State.StartedAt}}"), started);
    assert_eq!((rig.status().as_str(), rig.journals()), ("running", 0));

    // What cannot be done to it as it is, is refused with what to do first.
    assert_eq!(rig.comeback("fault pause").0, Some(0));
    assert_eq!(rig.comeback("fault stop").0, Some(2));
    assert_eq!(rig.comeback("fault unpause").0, Some(0));
    assert_eq!(rig.comeback("fault stop").0, Some(0));
    assert_eq!(rig.comeback("fault pause").0, Some(2));
    assert_eq!(rig.comeback("fault start").0, Some(0));
    assert_eq!(rig.status(), "running");
}

#[tokio::test]
async fn what_somebody_else_did_is_not_undone() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(_) = engine_or_skip("what_somebody_else_did_is_not_undone").await else {
        return;
    };
    let rig = Rig::new();
    for (done, undone, deeds, status) in [
        ("pause", "unpause", &["pause"][..], "paused"),
        ("kill", "start", &["kill", "stop"], "exited"),
    ] {
        docker(&[done, &rig.container.name]);
        for deed in deeds {
            assert_eq!(rig.comeback(&format!("fault {deed}")).0, Some(2), "{deed}");
        }
        assert_eq!(rig.comeback("heal").0, Some(0));
        assert_eq!((rig.status().as_str(), rig.journals()), (status, 0));
        docker(&[undone, &rig.container.name]);
    }
}

#[tokio::test]
async fn doctor_tells_what_of_a_container_is_as_it_should_be() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(_) = engine_or_skip("doctor_tells_what_of_a_container_is_as_it_should_be").await
    else {
        return;
    };
    let rig = Rig::new();
    let health = |checkup: &Value, what: &str| {
        let checks = checkup["checks"].as_array().cloned().unwrap_or_default();
        let check = checks.into_iter().find(|check| check["what"] == what);
        check
            .map(|check| check["health"].clone())
            .unwrap_or_default()
    };
    let (code, checkup) = rig.comeback("doctor");
    assert_eq!(code, Some(3), "{checkup}");
    for what in [
        "container engine",
        "container of db",
        "permission to act on db",
        "readiness of db",
    ] {
        assert_eq!(health(&checkup, what), "fine", "{checkup}");
    }
    assert_eq!(health(&checkup, "API"), "environment", "{checkup}");

    assert_eq!(rig.comeback("fault kill").0, Some(0));
    let (_, checkup) = rig.comeback("doctor");
    for what in ["container of db", "readiness of db"] {
        assert_eq!(health(&checkup, what), "environment", "{checkup}");
    }
}

#[tokio::test]
async fn init_finds_the_services_of_a_project() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(_) = engine_or_skip("init_finds_the_services_of_a_project").await else {
        return;
    };
    let project = unique();
    let label = |service: &str| {
        let labels = [("project", project.as_str()), ("service", service)];
        labels.map(|(key, value)| format!("--label=com.docker.compose.{key}={value}"))
    };
    let ([db_project, db], [web_project, web]) = (label("db"), label("web"));
    let _db = TestContainer::run(&[&db_project, &db], &["obey", "wait"]);
    // A random port of the host would be refused.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let publish = format!("{}:80", port.local_addr().unwrap());
    drop(port);
    let publish = ["--publish", &publish];
    let options = [&[web_project.as_str(), web.as_str()][..], &publish].concat();
    let _web = TestContainer::run(&options, &["obey", "wait"]);

    let rig = Rig::new();
    eventually(|| {
        let (code, written) =
            rig.comeback(&format!("init --project {project} --api web --output -"));
        code == Some(0) && written["backends"] == serde_json::json!(["db"])
    })
    .await;
    let at = format!("init --project {project} --api web --output new.toml");
    assert_eq!(rig.comeback(&at).0, Some(0));
    assert_eq!(rig.comeback(&at).0, Some(2), "it would be overwritten");
    assert_eq!(rig.comeback(&format!("{at} --force")).0, Some(0));
    // What is written can be used: only the stack behind it is not there to answer.
    assert_eq!(rig.comeback("doctor --config new.toml").0, Some(3));
    // The one that publishes nothing cannot be the API, and nothing here answers HTTP.
    assert_eq!(
        rig.comeback(&format!("init --project {project} --api db --output -"))
            .0,
        Some(2)
    );
    assert_eq!(
        rig.comeback(&format!("init --project {project} --output -"))
            .0,
        Some(2)
    );
}
