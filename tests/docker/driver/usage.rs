//! What a container uses of its machine.

use comeback::model::Act;
use comeback::stack::Driver;

use super::driver;
use crate::support::docker::engine_or_skip;
use crate::support::test_container::TestContainer;
use crate::support::turn::{self, Group};

#[tokio::test]
async fn a_container_s_figures_are_those_of_one_start() {
    let _turn = turn::with(Group::DockerDriver);
    let Some(engine) = engine_or_skip("a_container_s_figures_are_those_of_one_start").await else {
        return;
    };
    let container = TestContainer::run(&[], &["wait"]);
    let driver = driver(&engine, &container).await;
    let usage = driver.usage().await.unwrap().expect("it runs");
    assert_eq!(usage.threads, Some(1));
    assert!(usage.memory_bytes > Some(0), "{usage:?}");
    // They are unknown where the engine runs elsewhere, or belongs to somebody else.
    assert!(
        usage.fds.is_none_or(|fds| (1..20).contains(&fds)),
        "{usage:?}"
    );
    assert_eq!(
        driver.usage().await.unwrap().map(|u| u.identity),
        Some(usage.identity.clone())
    );

    driver.act(Act::Kill).await.unwrap();
    assert_eq!(driver.usage().await.unwrap(), None);
    driver.act(Act::Start).await.unwrap();
    let again = driver.usage().await.unwrap().expect("it runs again");
    assert_ne!(again.identity, usage.identity);
}
