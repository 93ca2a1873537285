//! Tests: the variants that look suspicious are correct.

use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::has_message;
use super::world::World;
use crate::app::Variant;
use crate::app::backend::BackendSettings;

/// The demo's limits on a response, a job and recovery.
const ANSWER: Duration = Duration::from_secs(1);
const JOB: Duration = Duration::from_millis(1_500);
const RECOVERY: Duration = Duration::from_secs(1);

fn correct() -> impl Iterator<Item = Variant> {
    let all = Variant::ALL.iter().copied();
    all.filter(|variant| variant.is_correct())
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_refuses_in_words_and_ends() {
    let mut world = World::new(Variant::SlowStart.settings()).await;
    world.restart(0).await;
    let reply = world.sync("too early").await;
    assert_eq!(reply.status, 503);
    assert!(reply.body["error"].as_str().unwrap().contains("warming up"));
    sleep(Duration::from_millis(400)).await;
    assert_eq!(world.sync("warm").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_retry_saves_a_call_and_gives_up_in_time() {
    let mut world = World::new(Variant::BoundedRetry.settings()).await;
    let client = world.client();
    let (reply, ()) = tokio::join!(client.sync("saved"), async {
        sleep(Duration::from_millis(10)).await;
        world.restart(0).await;
    });
    assert_eq!(reply.status, 200);
    let (reply, ()) = tokio::join!(client.sync("lost"), async {
        sleep(Duration::from_millis(10)).await;
        world.kill().await;
    });
    assert_eq!(reply.status, 503);
    assert!(reply.took < ANSWER && has_message(&reply.body["error"]));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_opens_and_closes() {
    let mut world = World::new(Variant::CircuitBreaker.settings()).await;
    world.kill().await;
    for _ in 0..3 {
        assert_eq!(world.sync("fails").await.status, 503);
    }
    let reply = world.sync("fails fast").await;
    assert!(reply.body["error"].as_str().unwrap().contains("breaker"));
    world.start(BackendSettings::default()).await;
    sleep(Duration::from_millis(400)).await;
    assert_eq!(world.sync("back").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_rejecting_queue_rejects_only_while_the_backend_is_away() {
    let mut world = World::new(Variant::RejectingQueue.settings()).await;
    let submit = |world: &World| {
        let client = world.client();
        async move { join_all((0..40).map(|_| client.post("/request", json!({})))).await }
    };
    assert!(submit(&world).await.iter().all(|reply| reply.status == 200));
    sleep(Duration::from_millis(500)).await;
    world.kill().await;
    sleep(Duration::from_millis(1)).await;
    let replies = submit(&world).await;
    let rejected = replies.iter().filter(|reply| reply.status == 503);
    let rejected: Vec<_> = rejected.collect();
    assert!(rejected.len() > 10 && rejected.len() < 40);
    let in_words = |reply: &&super::world::Reply| has_message(&reply.body["error"]);
    assert!(rejected.iter().all(in_words));
}

#[tokio::test(start_paused = true)]
async fn a_chatty_log_is_bounded() {
    let world = World::new(Variant::ChattyLog.settings()).await;
    join_all((0..100).map(|_| world.get("/ping"))).await;
    let lines = world.logged("GET /ping");
    assert!((5..=10).contains(&lines), "{lines}");
    sleep(Duration::from_millis(500)).await;
    world.get("/ping").await;
    assert_eq!(world.logged("GET /ping"), lines + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the backend does, every request gets a timely response with an explicit error or
    /// its own token, and afterwards the API recovers.
    #[test]
    fn no_correct_variant_minds_any_restarts(
        variant in prop::sample::select(correct().collect::<Vec<_>>()),
        restarts in prop::collection::vec((0u64..400, 0u64..400), 1..6),
        gap_ms in 1u64..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            let mut world = World::new(variant.settings()).await;
            let load = world.client();
            let requests = join_all((0..40).map(async |n| {
                sleep(Duration::from_millis(gap_ms * n)).await;
                let token = format!("t{n}");
                let reply = load.sync(&token).await;
                assert!(reply.took < ANSWER, "{:?}", reply.took);
                match reply.status {
                    200 => assert_eq!(reply.body["token"], json!(token)),
                    _ => assert!(has_message(&reply.body["error"])),
                }
                let reply = load.post("/request", json!({ "token": token })).await;
                match reply.status {
                    200 => {
                        let finish = load.finish(reply.body["id"].as_str().unwrap());
                        let job = timeout(JOB, finish).await.expect("the job hangs");
                        assert!(has_message(&job["description"]));
                    }
                    _ => assert!(has_message(&reply.body["error"])),
                }
            }));
            let faults = async {
                for (up_ms, down_ms) in restarts {
                    sleep(Duration::from_millis(up_ms)).await;
                    world.kill().await;
                    sleep(Duration::from_millis(down_ms)).await;
                    world.start_booting(BackendSettings::default());
                }
            };
            tokio::join!(requests, faults);
            sleep(RECOVERY).await;
            for _ in 0..3 {
                assert_eq!(load.sync("after").await.status, 200);
                assert_eq!(load.job("after").await["status"], "COMPLETED");
            }
        });
    }
}
