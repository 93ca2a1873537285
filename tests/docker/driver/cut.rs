//! Cutting a container off its networks, and what those see who talk to it.

use comeback::model::Act;
use comeback::stack::{Driver, DriverError};

use crate::support::docker::engine_or_skip;
use crate::support::test_container::{TestContainer, TestNetwork, docker, eventually};
use crate::support::turn::{self, Group};

#[tokio::test]
async fn a_cut_container_joins_again_with_its_names_and_addresses() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) =
        engine_or_skip("a_cut_container_joins_again_with_its_names_and_addresses").await
    else {
        return;
    };
    let own = network_of_its_own();
    let simple = TestNetwork::create(&[]);
    // It holds the first address while the container gets another, which is not the engine's first choice later.
    let first = TestContainer::run(&["--network", &own.name], &["wait"]);
    let container = TestContainer::run(
        &["--network", &own.name, "--network-alias", "service"],
        &["wait"],
    );
    drop(first);
    docker(&[
        "network",
        "connect",
        "--alias",
        "other",
        &simple.name,
        &container.name,
    ]);
    let driver = super::driver(&engine, &container).await;
    let on = |network: &TestNetwork| {
        let (name, template) = (&network.name, "NetworkSettings.Networks");
        container.inspect(&format!(
            "{{{{with index .{template} \"{name}\"}}}}{{{{.IPAddress}}}} {{{{.Aliases}}}}{{{{end}}}}"
        ))
    };
    let aliases = |text: String| text.split_once(' ').map(|(_, aliases)| aliases.to_owned());
    let before = (on(&own), on(&simple));
    assert!(before.0.contains("service"), "{before:?}");
    for _ in 0..2 {
        driver.act(Act::Cut).await.expect("cut");
        assert_eq!(container.inspect("{{len .NetworkSettings.Networks}}"), "0");
    }
    // Where no address can be asked for, another container may have taken it meanwhile.
    let _squatter = TestContainer::run(&["--network", &simple.name], &["wait"]);
    for _ in 0..2 {
        driver.act(Act::Join).await.expect("joined");
    }
    assert_eq!(on(&own), before.0);
    assert_eq!(aliases(on(&simple)), aliases(before.1));

    let hosted = TestContainer::run(&["--network", "none"], &["wait"]);
    let hosted = super::driver(&engine, &hosted).await;
    assert!(!hosted.supports(Act::Cut) && hosted.supports(Act::Kill));
    assert!(matches!(
        hosted.act(Act::Cut).await,
        Err(DriverError::Unsupported { .. })
    ));
}

/// What a client sees tells the two apart: whoever is killed hangs up, and whoever is cut off says nothing at all.
#[tokio::test]
async fn a_cut_is_silent_where_a_kill_hangs_up() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_cut_is_silent_where_a_kill_hangs_up").await else {
        return;
    };
    // Only in a subnet of the user's own is the address the same again, which a connection needs in order to outlast a cut.
    let network = network_of_its_own();
    let network = ["--network", &network.name];
    let echo = TestContainer::run(&network, &["echo", "7"]);
    let address = echo.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}:7");
    let client = TestContainer::run(&network, &["talk", &address, "wait"]);
    let echo = super::driver(&engine, &echo).await;
    let mut heard = Vec::new();
    let acts = [
        (None, "answered"),
        (Some(Act::Cut), "silent"),
        (Some(Act::Join), "answered"),
        (Some(Act::Kill), "ended"),
    ];
    for (act, expected) in acts {
        if let Some(act) = act {
            echo.act(act).await.expect("done");
        }
        heard.push(expected);
        eventually(|| {
            docker(&["logs", &client.name])
                .lines()
                .eq(heard.iter().copied())
        })
        .await;
    }
}

/// A network whose subnet was chosen, which is what lets an address be asked for. The engine knows which is free.
fn network_of_its_own() -> TestNetwork {
    let chosen = TestNetwork::create(&[]);
    let subnet = docker(&[
        "network",
        "inspect",
        "--format",
        "{{(index .IPAM.Config 0).Subnet}}",
        &chosen.name,
    ]);
    drop(chosen);
    TestNetwork::create(&["--subnet", &subnet])
}
