//! The Docker driver against a real engine. Without one, each test names itself as skipped.

mod by_hand;
mod cut;
mod deaf;
mod refused;
mod usage;

use std::time::{Duration, Instant};

use comeback::model::Act;
use comeback::stack::Undone;
use comeback::stack::docker::{DockerDriver, Engine, Selector, undo};
use comeback::stack::{Driver, DriverError, Observation, ServiceState};
use tokio::net::{TcpListener, UnixStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::support::docker::engine_or_skip;
use crate::support::test_container::{
    PATIENCE, TestContainer, TestNetwork, docker, eventually, observed, unique,
};
use crate::support::turn::{self, Group};

async fn driver(engine: &Engine, container: &TestContainer) -> DockerDriver {
    find(engine, &container.name).await.expect("it runs")
}

async fn find(engine: &Engine, name: &str) -> Result<DockerDriver, DriverError> {
    DockerDriver::find(engine, "backend", &Selector::Name(name.to_owned())).await
}

fn exited(observation: &Observation) -> Option<(Option<i64>, bool)> {
    match observation {
        Observation::Exited { code, oom, .. } => Some((*code, *oom)),
        _ => None,
    }
}

fn line(observation: &Observation) -> Option<String> {
    match observation {
        Observation::Log { line, .. } => Some(line.clone()),
        _ => None,
    }
}

fn lost(observation: &Observation) -> Option<String> {
    match observation {
        Observation::Lost(why) => Some(why.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn each_act_is_done_when_it_returns_and_may_be_done_again() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) =
        engine_or_skip("each_act_is_done_when_it_returns_and_may_be_done_again").await
    else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let acts = [
        (Act::Pause, ServiceState::Paused, "true true"),
        // What is frozen has been started, and is not thawed by the way.
        (Act::Start, ServiceState::Paused, "true true"),
        (Act::Unpause, ServiceState::Running, "true false"),
        (Act::Kill, ServiceState::Stopped, "false false"),
        (Act::Unpause, ServiceState::Stopped, "false false"),
        (
            Act::Stop { grace_ms: 50 },
            ServiceState::Stopped,
            "false false",
        ),
        (Act::Start, ServiceState::Running, "true false"),
        (Act::Pause, ServiceState::Paused, "true true"),
        (Act::Kill, ServiceState::Stopped, "false false"),
        (Act::Start, ServiceState::Running, "true false"),
        (
            Act::Stop { grace_ms: 50 },
            ServiceState::Stopped,
            "false false",
        ),
    ];
    for (act, state, flags) in acts {
        for _ in 0..2 {
            driver.act(act).await.expect("it may be done again");
            let seen = container.inspect("{{.State.Running}} {{.State.Paused}}");
            assert_eq!(seen, flags, "after {act}");
            assert_eq!(driver.state().await.expect("a state"), state, "after {act}");
        }
    }
    let refused = driver.act(Act::Pause).await.expect_err("it does not run");
    assert!(refused.to_string().contains("not running"), "{refused}");
}

#[tokio::test]
async fn freezing_and_thawing_in_quick_succession_is_no_conflict() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) =
        engine_or_skip("freezing_and_thawing_in_quick_succession_is_no_conflict").await
    else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    for _ in 0..10 {
        // Two at once: one of them meets a state that the other is just changing.
        let (one, other) = tokio::join!(driver.act(Act::Pause), driver.act(Act::Pause));
        one.and(other).expect("frozen");
        let (one, other) = tokio::join!(driver.act(Act::Unpause), driver.act(Act::Unpause));
        one.and(other).expect("thawed");
    }
}

#[tokio::test]
async fn a_stop_asks_first_and_kills_after_the_grace() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_stop_asks_first_and_kills_after_the_grace").await else {
        return;
    };
    let polite = TestContainer::run(&[], &["obey", "say", "obeying", "wait"]);
    let polite_driver = driver(&engine, &polite).await;
    let mut seen = polite_driver.observe();
    polite_driver.act(Act::Kill).await.expect("killed");
    polite_driver.act(Act::Start).await.expect("started");
    observed(&mut seen, |o| line(o).filter(|l| l == "obeying")).await;
    polite_driver
        .act(Act::Stop { grace_ms: 60_000 })
        .await
        .expect("stopped");
    let code = observed(&mut seen, |o| exited(o).filter(|(c, _)| *c != Some(137))).await;
    assert_eq!(code, (Some(7), false));

    let deaf = TestContainer::run(&[], &["wait"]);
    let deaf_driver = driver(&engine, &deaf).await;
    let mut seen = deaf_driver.observe();
    let began = Instant::now();
    deaf_driver
        .act(Act::Stop { grace_ms: 1500 })
        .await
        .expect("stopped");
    assert!(began.elapsed() >= Duration::from_millis(1500));
    assert_eq!(observed(&mut seen, exited).await, (Some(137), false));
}

#[tokio::test]
async fn each_line_of_the_log_is_seen_once_across_restarts() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("each_line_of_the_log_is_seen_once_across_restarts").await
    else {
        return;
    };
    // A terminal has one output, and its long lines hold the engine's times.
    for (options, words) in [
        (
            &[][..],
            &["request_log", "400", "line", "40000", "say", "end", "wait"][..],
        ),
        (&["--tty"], &["request_log", "400", "say", "end", "wait"]),
    ] {
        let container = TestContainer::run(options, words);
        let driver = driver(&engine, &container).await;
        driver.act(Act::Kill).await.expect("killed");
        // What was said before is no observation.
        let before = container.log_sorted();
        let mut seen = driver.observe();
        for _ in 0..4 {
            driver.act(Act::Start).await.expect("started");
            driver.act(Act::Kill).await.expect("killed");
        }
        let restarted = container.log_sorted();
        driver.act(Act::Start).await.expect("started");
        // A kill may come before the program says anything, so the number of its starts is not known.
        let spoken = || container.log_sorted().len() > restarted.len() + 400;
        eventually(spoken).await;
        driver.act(Act::Kill).await.expect("killed");
        let all = container.log_sorted();
        let mut lines = Vec::new();
        while lines.len() + before.len() < all.len() {
            lines.push(observed(&mut seen, line).await);
        }
        lines.extend(before);
        lines.sort();
        assert!(lines == all, "{options:?}: {lines:#?}");
    }
}

#[tokio::test]
async fn what_others_do_to_the_container_is_observed_with_the_engines_times() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) =
        engine_or_skip("what_others_do_to_the_container_is_observed_with_the_engines_times").await
    else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let mut seen = driver.observe();
    docker(&["pause", &container.name]);
    docker(&["unpause", &container.name]);
    docker(&["kill", &container.name]);
    docker(&["start", &container.name]);
    docker(&["restart", "--time", "0", &container.name]);
    let mut story = Vec::new();
    let mut identities = Vec::new();
    let mut times = Vec::new();
    while story.len() < 6 {
        let (what, at) = observed(&mut seen, |observation| match observation {
            Observation::Paused(paused) => Some((format!("paused {paused}"), None)),
            Observation::Exited {
                code, source_at, ..
            } => Some((format!("exited {code:?}"), source_at.clone())),
            Observation::Started {
                identity,
                source_at,
            } => Some((format!("started {identity}"), source_at.clone())),
            _ => None,
        })
        .await;
        identities.extend(what.strip_prefix("started ").map(str::to_owned));
        times.extend(at);
        story.push(
            what.split(' ')
                .take(2)
                .next()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    assert_eq!(
        story,
        ["paused", "paused", "exited", "started", "exited", "started"]
    );
    assert!(identities[0] != identities[1], "{identities:?}");
    assert!(times.len() == 4 && times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn the_exit_code_and_the_want_of_memory_are_told_apart() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("the_exit_code_and_the_want_of_memory_are_told_apart").await
    else {
        return;
    };
    let container = TestContainer::run(&[], &["obey", "say", "up", "wait"]);
    let driver_of_code = driver(&engine, &container).await;
    let mut seen = driver_of_code.observe();
    // The signal may come before it is handled.
    eventually(|| !container.log_sorted().is_empty()).await;
    docker(&["kill", "--signal", "TERM", &container.name]);
    assert_eq!(observed(&mut seen, exited).await, (Some(7), false));

    let limits = ["--memory", "24m", "--memory-swap", "24m"];
    let name = unique();
    let hog = TestContainer::run_as(name, &limits, &["request_log", "0", "wait"]);
    let driver_of_hog = driver(&engine, &hog).await;
    let mut seen = driver_of_hog.observe();
    let (succeeded, _) = driver_of_hog
        .exec(&["/subject".to_owned(), "hog".to_owned()])
        .await
        .expect("it ran");
    assert!(!succeeded, "the kernel should have ended it");
    driver_of_hog.act(Act::Kill).await.expect("killed");
    assert_eq!(observed(&mut seen, exited).await, (Some(137), true));
}

#[tokio::test]
async fn a_command_inside_answers_with_success_and_output() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_command_inside_answers_with_success_and_output").await
    else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let exec = async |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        driver.exec(&words).await
    };
    assert_eq!(
        exec(&["/subject", "say", "fine"]).await.expect("it ran"),
        (true, "fine\n".to_owned())
    );
    let failed = exec(&["/subject", "say", "bad", "exit", "3"]).await;
    assert_eq!(failed.expect("it ran"), (false, "bad\n".to_owned()));
    let (_, output) = exec(&["/subject", "line", "100000"]).await.expect("it ran");
    assert!(output.len() <= 4096, "{} bytes", output.len());
    // Engines differ in whether a program that isn't there is a refusal or a failure.
    assert!(
        !exec(&["/nothing"])
            .await
            .is_ok_and(|(succeeded, _)| succeeded)
    );
    for act in [Act::Pause, Act::Kill] {
        driver.act(act).await.expect("done");
        let refused = exec(&["/subject", "exit", "0"]).await.expect_err("not now");
        assert!(matches!(refused, DriverError::Act { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_lease_restores_whatever_was_done() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_lease_restores_whatever_was_done").await else {
        return;
    };
    let network = TestNetwork::create(&[]);
    let container = TestContainer::run(&["--network", &network.name], &["wait"]);
    let driver = driver(&engine, &container).await;
    let lease = driver.lease().expect("a lease");
    let state = "{{.State.Running}} {{.State.Paused}} {{len .NetworkSettings.Networks}}";
    for acts in [
        &[][..],
        &[Act::Kill],
        &[Act::Pause],
        &[Act::Cut],
        &[Act::Cut, Act::Pause],
        &[Act::Cut, Act::Kill],
    ] {
        for act in acts {
            driver.act(*act).await.expect("done");
        }
        let first = undo(&lease).await.expect("undone");
        let expected = if acts.is_empty() {
            Undone::Nothing
        } else {
            Undone::Restored
        };
        assert_eq!(first, expected, "{acts:?}");
        assert_eq!(container.inspect(state), "true false 1", "{acts:?}");
        assert_eq!(undo(&lease).await.expect("undone"), Undone::Nothing);
    }
    let name = container.name.clone();
    drop(container);
    let successor = TestContainer::run_as(name, &[], &["exit", "0"]);
    let started = successor.inspect("{{.State.StartedAt}}");
    assert_eq!(undo(&lease).await.expect("undone"), Undone::Gone);
    assert_eq!(successor.inspect("{{.State.StartedAt}}"), started);
}

#[tokio::test]
async fn what_is_not_there_is_an_error_that_says_what_is() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("what_is_not_there_is_an_error_that_says_what_is").await
    else {
        return;
    };
    let project = unique();
    let labels = |service: &str| {
        [
            format!("--label=com.docker.compose.project={project}"),
            format!("--label=com.docker.compose.service={service}"),
        ]
    };
    let api = labels("api");
    let api: Vec<&str> = api.iter().map(String::as_str).collect();
    let first = TestContainer::run(&api, &["wait"]);
    let compose = async |project: &str, service: &str| {
        let selector = Selector::Compose {
            project: project.to_owned(),
            service: service.to_owned(),
        };
        DockerDriver::find(&engine, "backend", &selector).await
    };
    assert!(compose(&project, "api").await.is_ok());
    let message = |result: Result<DockerDriver, DriverError>| match result {
        Err(error @ DriverError::Missing { .. }) => error.to_string(),
        other => panic!("not missing: {other:?}"),
    };
    assert!(message(compose(&project, "db").await).contains("the services are api"));
    assert!(message(compose("no-such-project", "db").await).contains(&project));
    assert!(message(find(&engine, "no-such-container").await).contains(&first.name));

    let second = TestContainer::run(&api, &["wait"]);
    assert!(message(compose(&project, "api").await).contains("2 containers"));
    docker(&["pause", &second.name]);
    assert!(message(find(&engine, &second.name).await).contains("docker unpause"));
    docker(&["kill", &second.name]);
    assert!(message(find(&engine, &second.name).await).contains("docker start"));
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let _turn = turn::with(Group::DockerDriver);
    for address in [
        "unix:///nowhere/docker.sock",
        "tcp://127.0.0.1:1",
        "ssh://somewhere",
    ] {
        let error = Engine::connect_to(address)
            .await
            .expect_err("none is there");
        assert!(matches!(error, DriverError::Missing { .. }), "{error:?}");
        assert!(error.to_string().contains(address), "{error}");
    }
}

#[tokio::test]
async fn a_container_in_anothers_place_is_not_touched() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_container_in_anothers_place_is_not_touched").await else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let mut seen = driver.observe();
    let name = container.name.clone();
    drop(container);
    assert!(observed(&mut seen, lost).await.contains("removed"));
    assert_eq!(seen.recv().await, None, "the stream ends");
    let error = driver.act(Act::Kill).await.expect_err("it is gone");
    assert!(error.to_string().contains("was removed"), "{error}");

    let successor = TestContainer::run_as(name, &[], &["wait"]);
    let error = driver.act(Act::Kill).await.expect_err("it is another");
    assert!(error.to_string().contains("was replaced"), "{error}");
    assert_eq!(successor.inspect("{{.State.Running}}"), "true");
}

#[tokio::test]
async fn an_engine_that_goes_away_is_observed_also_over_tcp() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("an_engine_that_goes_away_is_observed_also_over_tcp").await
    else {
        return;
    };
    let Some(socket) = engine.address().strip_prefix("unix://").map(str::to_owned) else {
        return;
    };
    // A relay stands for an engine that can be ended.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let relay = tokio::spawn(async move {
        let mut relayed = tokio::task::JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut engine = UnixStream::connect(&socket).await.expect("the engine");
            relayed.spawn(
                async move { tokio::io::copy_bidirectional(&mut client, &mut engine).await },
            );
        }
    });
    let container = TestContainer::run(&[], &["wait"]);
    let remote = Engine::connect_to(&format!("tcp://{address}")).await;
    let driver = driver(&remote.expect("the relay"), &container).await;
    let mut seen = driver.observe();
    docker(&["kill", &container.name]);
    observed(&mut seen, exited).await;
    relay.abort();
    observed(&mut seen, lost).await;
    assert_eq!(seen.recv().await, None, "the stream ends");
    assert!(matches!(driver.state().await, Err(DriverError::Act { .. })));
}

#[tokio::test]
async fn an_observer_ends_with_its_receiver() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("an_observer_ends_with_its_receiver").await else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let mut seen = driver.observe();
    docker(&["kill", &container.name]);
    observed(&mut seen, exited).await;
    assert!(Handle::current().metrics().num_alive_tasks() > 0);
    drop(seen);
    timeout(PATIENCE, async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("its task and its connections end");
}
