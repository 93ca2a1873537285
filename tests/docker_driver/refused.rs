//! Containers that could not be brought back as they were, and those that are only like the one
//! that is meant.

use assert_cmd::Command;
use comeback::model::Act;
use comeback::stack::docker::{DockerDriver, Selector};
use comeback::stack::{Driver, DriverError, ServiceState};
use tempfile::TempDir;

use crate::bench::{TestContainer, unique};
use crate::common::engine_or_skip;
use crate::{driver, find};

/// A configuration whose one backend is a container, and whose API nobody serves.
fn folder(container: &TestContainer) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[api]\nurl = \"http://127.0.0.1:1\"\n\
         [backend.db]\ndocker = {{ name = \"{}\" }}\nready = {{ exec = [\"/subject\"] }}\n\
         [[request]]\nname = \"page\"\npath = \"/\"\n",
        container.name
    );
    std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
    folder
}

/// Runs the command, and gives its exit code and everything that it wrote.
fn comeback(folder: &TempDir, line: &str) -> (Option<i32>, String) {
    let output = Command::cargo_bin("comeback")
        .unwrap()
        .args(line.split(' '))
        .current_dir(folder.path())
        .env("COMEBACK_STATE_DIR", folder.path().join("state"))
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(all).expect("UTF-8").replace('\n', " "),
    )
}

#[tokio::test]
async fn what_would_vanish_is_refused_by_every_verb_before_anything_is_done() {
    let name = "what_would_vanish_is_refused_by_every_verb_before_anything_is_done";
    let Some(engine) = engine_or_skip(name).await else {
        return;
    };
    let container = TestContainer::run(&["--rm", "--volume", "/data"], &["obey", "wait"]);
    let folder = folder(&container);
    std::fs::write(folder.path().join("saved.jsonl"), saved(&folder)).unwrap();
    let begun = container.inspect("{{.State.StartedAt}}");
    for line in [
        "run --plans 1",
        "run --scenario idle",
        "run --dry-run",
        "replay saved.jsonl",
        "shrink saved.jsonl",
        "regress .",
        "fault stop",
        "fault kill",
        "fault restart",
        "fault pause",
        "doctor",
    ] {
        let (code, said) = comeback(&folder, line);
        assert_eq!(code, Some(3), "{line}: {said}");
        assert!(
            said.contains("start it without `--rm`"),
            "{line} gives no remedy: {said}"
        );
        let now = container.inspect("{{.State.StartedAt}} {{.State.Status}}");
        assert_eq!(now, format!("{begun} running"), "{line}");
    }
    // Whoever only looks may look.
    let (code, said) = comeback(&folder, "watch --for 0.1 --no-probe");
    assert_eq!(code, Some(0), "{said}");
    let selector = Selector::Name(container.name.clone());
    let watched = DockerDriver::find_to_observe(&engine, "backend", &selector).await;
    let refused = watched.expect("it is there").act(Act::Kill).await;
    assert!(
        matches!(refused, Err(DriverError::Irreversible { .. })),
        "{refused:?}"
    );
    assert_eq!(container.inspect("{{.State.Status}}"), "running");
}

/// A saved failure of the stack in a folder, which is named after it.
fn saved(folder: &TempDir) -> String {
    let stack = folder.path().file_name().unwrap().to_str().unwrap();
    format!(
        r#"{{"comeback_trace":1,"comeback":"0.1.0","generator":1,"stack":{{"name":"{stack}","backends":["db"],"kinds":[{{"name":"page","job":false,"echo":false}}],"connections":"fresh","api_observed":false}},"limits":{{"answer_ms":1000,"job_ms":1500,"recovery_ms":2000,"grace_ms":null,"failures":null,"stragglers":0}},"trials_since_reset":0,"started_at":"2026-01-01T00:00:00Z"}}
{{"plan":{{"seed":1,"index":0,"steps":[{{"id":"f1","anchor":{{"at":{{"offset_ms":20}}}},"fault":{{"backend":"db","kind":"stop","grace_ms":1,"outage_ms":20}}}}]}}}}
{{"verdict":{{"verdict":"violated","signature":"v1/recovers/page/never/stop","findings":[{{"invariant":"recovers","verdict":"violated","reason":"never","kind":"page","message":"it never came back","evidence":[]}}]}}}}
"#
    )
}

#[tokio::test]
async fn init_proposes_nothing_that_would_be_refused_and_says_why() {
    let name = "init_proposes_nothing_that_would_be_refused_and_says_why";
    let Some(_) = engine_or_skip(name).await else {
        return;
    };
    let project = unique();
    let label = |service: &str| {
        let labels = [("project", project.as_str()), ("service", service)];
        labels.map(|(key, value)| format!("--label=com.docker.compose.{key}={value}"))
    };
    let run = |service: &str, options: &[&str]| {
        let label = label(service);
        let options = [&[label[0].as_str(), &label[1]], options].concat();
        TestContainer::run(&options, &["obey", "wait"])
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let publish = format!("{}:80", port.local_addr().unwrap());
    drop(port);
    let _web = run("web", &["--publish", &publish]);
    let _db = run("db", &[]);
    let _cache = run("cache", &["--rm"]);
    let folder = tempfile::tempdir().unwrap();
    let init = format!("init --project {project} --api web");
    let (code, said) = comeback(&folder, &format!("{init} --output -"));
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("[backend.db]") && !said.contains("[backend.cache]"),
        "{said}"
    );
    assert!(
        said.contains("# Not proposed: the service `cache` is refused: it was started with `--rm`"),
        "{said}"
    );
    let (code, said) = comeback(&folder, &format!("{init} --backend cache --output -"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("start it without `--rm`"), "{said}");
}

#[tokio::test]
async fn what_others_own_or_share_is_refused_with_the_remedy() {
    let name = "what_others_own_or_share_is_refused_with_the_remedy";
    let Some(engine) = engine_or_skip(name).await else {
        return;
    };
    let why = async |container: &TestContainer| match find(&engine, &container.name).await {
        Err(DriverError::Irreversible { message, .. }) => message,
        other => panic!("not refused: {other:?}"),
    };
    let of_swarm = ["--label", "com.docker.swarm.service.id=x"];
    let swarm = TestContainer::run(&of_swarm, &["wait"]);
    assert!(why(&swarm).await.contains("Docker Swarm manages it"));
    let random = TestContainer::run(&["--publish", "127.0.0.1::80"], &["wait"]);
    assert!(why(&random).await.contains("publish it at a fixed one"));

    let host = TestContainer::run(&[], &["wait"]);
    assert!(find(&engine, &host.name).await.is_ok());
    let share = format!("container:{}", host.name);
    let guest = TestContainer::run(&["--network", &share], &["wait"]);
    assert!(why(&host).await.contains(&guest.name));
    drop(guest);
    assert!(find(&engine, &host.name).await.is_ok());
}

#[tokio::test]
async fn the_beginning_of_another_containers_id_finds_nothing() {
    let name = "the_beginning_of_another_containers_id_finds_nothing";
    let Some(engine) = engine_or_skip(name).await else {
        return;
    };
    let bystander = TestContainer::run(&[], &["wait"]);
    let id = bystander.inspect("{{.Id}}");
    for digits in [2, 8, 11] {
        let error = find(&engine, &id[..digits])
            .await
            .expect_err("it is nobody's name");
        assert!(matches!(error, DriverError::Missing { .. }), "{error:?}");
    }
    for digits in [12, 20, 64] {
        assert!(
            find(&engine, &id[..digits]).await.is_ok(),
            "{digits} digits"
        );
    }
    assert_eq!(bystander.inspect("{{.State.Running}}"), "true");
}

#[tokio::test]
async fn no_restart_policy_undoes_what_was_done() {
    let Some(engine) = engine_or_skip("no_restart_policy_undoes_what_was_done").await else {
        return;
    };
    for policy in ["always", "unless-stopped", "on-failure:2"] {
        let container = TestContainer::run(&["--restart", policy], &["wait"]);
        let driver = driver(&engine, &container).await;
        // More often than `on-failure` would try by itself.
        for _ in 0..3 {
            for end in [Act::Kill, Act::Stop { grace_ms: 20 }] {
                driver.act(end).await.expect("ended");
                // A policy that applied would show as restarting: the engine decides that together
                // with the exit.
                let seen = container.inspect("{{.State.Status}} {{.RestartCount}}");
                assert_eq!(seen, "exited 0", "{policy} after {end}");
                driver.act(Act::Start).await.expect("started");
                assert_eq!(
                    driver.state().await.expect("a state"),
                    ServiceState::Running
                );
            }
        }
    }
}
