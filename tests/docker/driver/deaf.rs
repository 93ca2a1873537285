//! Whether a container's first process gets the signal that asks it to end.

use comeback::model::Act;
use comeback::stack::Driver;

use super::driver;
use crate::support::docker::engine_or_skip;
use crate::support::test_container::{TestContainer, eventually};
use crate::support::turn::{self, Group};

#[tokio::test]
async fn a_container_that_ignores_its_stop_signal_is_told_from_others() {
    let _turn = turn::with(Group::DockerDriver);
    let name = "a_container_that_ignores_its_stop_signal_is_told_from_others";
    let Some(engine) = engine_or_skip(name).await else {
        return;
    };
    let up = ["say", "up", "wait"];
    let cases: [(&[&str], &[&str], bool); 4] = [
        (&[], &[], true),
        (&[], &["obey"], false),
        (&["--init"], &[], false),
        // Nobody can tell for a signal that is not known by name.
        (&["--stop-signal", "SIGRTMIN+3"], &[], false),
    ];
    for (options, first, ignores) in cases {
        let container = TestContainer::run(options, &[first, &up].concat());
        eventually(|| container.log_sorted() == ["up"]).await;
        let driver = driver(&engine, &container).await;
        let case = format!("{options:?} {first:?}");
        assert_eq!(driver.ignores_stop().await, ignores, "{case}");
        driver.act(Act::Kill).await.unwrap();
        assert!(!driver.ignores_stop().await, "{case}: it does not run");
    }
}
