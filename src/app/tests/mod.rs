//! Tests of the demo on an in-memory network and a paused clock.

mod bugs;
mod catalogue;
mod correct;
mod world;

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::world::World;
use super::ApiSettings;
use super::backend::BackendSettings;

/// A healthy API responds to every call within its patience plus its deadline, plus a margin.
const ANSWER: Duration = Duration::from_millis(600);

fn has_message(text: &Value) -> bool {
    text.as_str().is_some_and(|text| !text.is_empty())
}

#[tokio::test(start_paused = true)]
async fn healthy_fails_explicitly_and_comes_back() {
    let mut world = World::new(ApiSettings::default()).await;
    let id = world.submit("lost").await;
    let (reply, ()) = tokio::join!(world.sync("lost too"), async {
        sleep(Duration::from_millis(10)).await;
        world.backend_task.as_ref().unwrap().abort();
    });
    assert_eq!(reply.status, 502);
    assert!(has_message(&reply.body["error"]) && reply.took < Duration::from_millis(20));
    let lost = world.finish(&id).await;
    assert_eq!(lost["status"], "ERROR");
    assert!(has_message(&lost["description"]));

    sleep(Duration::from_secs(1)).await;
    let reply = world.sync("away").await;
    assert_eq!(reply.status, 503);
    assert!(
        reply.took < Duration::from_millis(5),
        "it waits though the backend is long away"
    );
    assert_eq!(world.get("/ping").await.status, 200);
    assert_eq!(world.get("/status").await.body["connected"], false);

    world.start(BackendSettings::default()).await;
    sleep(Duration::from_millis(300)).await;
    for _ in 0..3 {
        assert_eq!(world.sync("back").await.status, 200);
        assert_eq!(world.job("back").await["status"], "COMPLETED");
    }
    assert_eq!(world.logged("backend connection lost"), 1);
    assert_eq!(world.logged("reconnected to the backend"), 1);
}

#[tokio::test(start_paused = true)]
async fn healthy_reconnects_while_nobody_calls() {
    let mut world = World::new(ApiSettings::default()).await;
    world.kill().await;
    sleep(Duration::from_secs(60)).await;
    world.start(BackendSettings::default()).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(world.logged("reconnected"), 1);
    assert!(world.log.lock().unwrap().len() < 6, "{:?}", world.log);
}

#[tokio::test(start_paused = true)]
async fn healthy_gives_up_on_a_backend_that_does_not_answer() {
    let mut world = World::new(ApiSettings::default()).await;
    world.kill().await;
    let silent = BackendSettings {
        work: Duration::from_secs(3600),
        ..BackendSettings::default()
    };
    world.start(silent).await;
    sleep(Duration::from_millis(200)).await;
    let (reply, job) = tokio::join!(world.sync("unanswered"), world.job("unanswered"));
    assert_eq!((reply.status, &job["status"]), (504, &json!("ERROR")));
    assert!(reply.took < ANSWER, "{:?}", reply.took);
    assert!(has_message(&reply.body["error"]) && has_message(&job["description"]));
    assert_eq!(world.logged("reset"), 1, "the channel was not reset");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_says_welcome_is_not_waited_for() {
    let mut world = World::new(ApiSettings::default()).await;
    world.kill().await;
    // Like the kernel of a frozen backend: connections are accepted, and nobody responds.
    let _unserved = world.backend.listen();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.sync("frozen").await.status, 503);
    world.start(BackendSettings::default()).await;
    sleep(Duration::from_millis(400)).await;
    assert_eq!(world.sync("back").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn every_answer_belongs_to_its_own_request() {
    let world = World::new(ApiSettings::default()).await;
    let answers = (0..200).map(async |n| {
        let token = format!("t{n}");
        let (reply, job) = tokio::join!(world.sync(&token), world.job(&token));
        assert_eq!(reply.body["token"], json!(token));
        assert_eq!(job["token"], json!(token));
    });
    timeout(Duration::from_secs(1), join_all(answers))
        .await
        .expect("it is too slow for a burst");
}

#[tokio::test(start_paused = true)]
async fn what_it_cannot_take_is_refused_in_words() {
    let settings = ApiSettings {
        max_queued: 1,
        batch: 1,
        ..ApiSettings::default()
    };
    let world = World::new(settings).await;
    let submissions = join_all((0..5).map(|_| world.post("/request", json!({})))).await;
    let refused: Vec<_> = submissions
        .iter()
        .filter(|reply| reply.status == 503)
        .collect();
    assert!(!refused.is_empty());
    assert!(
        refused
            .iter()
            .all(|reply| has_message(&reply.body["error"]))
    );
    for (reply, status) in [
        (world.get("/response/99").await, 404),
        (world.get("/response/x").await, 404),
        (world.get("/nowhere").await, 404),
        (world.post("/sync", json!([1])).await, 400),
    ] {
        assert_eq!(reply.status, status);
        assert!(has_message(&reply.body["error"]));
    }
}
