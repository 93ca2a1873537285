//! Tests: one scenario per bug, which the bug fails and the healthy API passes.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::world::World;
use crate::app::Variant;
use crate::app::backend::BackendSettings;

#[tokio::test(start_paused = true)]
async fn every_bug_shows_in_its_scenario_and_the_healthy_api_passes_it() {
    let mut wrong = Vec::new();
    for &bug in Variant::ALL.iter().filter(|variant| !variant.is_correct()) {
        for variant in [bug, Variant::Healthy] {
            let mut world = World::new(variant.settings()).await;
            if shows(bug, &mut world).await != (variant == bug) {
                wrong.push(format!("{bug} on {variant}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(start_paused = true)]
async fn stuck_busy_and_stale_connected_are_what_they_say() {
    let mut world = World::new(Variant::StuckBusy.settings()).await;
    assert!(shows(Variant::StuckBusy, &mut world).await);
    assert_eq!(world.sync("still works").await.status, 200);
    assert_eq!(world.get("/status").await.body["processor"], "BUSY");
    assert_eq!(world.logged("job(s) failed"), 1, "it is not silent");

    let mut world = World::new(Variant::StaleConnected.settings()).await;
    world.restart(0).await;
    for _ in 0..20 {
        sleep(Duration::from_secs(1)).await;
        let reply = world.sync("never").await;
        assert_eq!(reply.status, 502);
        assert!(reply.took < Duration::from_millis(5) && reply.body["error"].is_string());
        assert_eq!(world.job("never").await["status"], "ERROR");
    }
    assert_eq!(world.get("/status").await.body["connected"], true);
}

#[tokio::test(start_paused = true)]
async fn some_bugs_need_more_than_one_fault_or_a_long_one() {
    let mut world = World::new(Variant::ThirdReconnectCrash.settings()).await;
    world.restart(0).await;
    world.restart(0).await;
    assert_eq!(world.sync("twice is well").await.status, 200);
    for bug in [
        Variant::GivesUp,
        Variant::UncappedBackoff,
        Variant::SessionRefused,
        Variant::LostRestart,
        Variant::LossAfterReset,
        Variant::RetryStampede,
        Variant::LateReply,
        Variant::LeakedSlots,
        Variant::FullQueue,
    ] {
        let mut world = World::new(bug.settings()).await;
        world.restart(100).await;
        assert!(!world.stays_away().await, "{bug} shows after one restart");
    }
}

/// Restarts the backend while a job is in flight, and returns its id.
async fn lose_a_job(world: &mut World) -> String {
    let id = world.submit("in flight").await;
    sleep(Duration::from_millis(10)).await;
    world.restart(0).await;
    id
}

/// Starts the backend, and waits for the API's first reconnect.
async fn until_reconnected(world: &mut World) {
    world.start_booting(BackendSettings::default());
    while world.logged("reconnected") == 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Whether a job that is submitted now never finishes.
async fn never_finishes(world: &World) -> bool {
    let job = timeout(Duration::from_secs(5), world.job("stuck?")).await;
    job.is_err()
}

/// Whether a bug shows in its own scenario.
async fn shows(bug: Variant, world: &mut World) -> bool {
    let ms = Duration::from_millis;
    let slow = BackendSettings {
        work: Duration::from_secs(60),
        ..BackendSettings::default()
    };
    match bug {
        Variant::StuckBusy => {
            world.restart(0).await;
            let job = world.job("after an idle restart").await;
            assert_eq!(job["status"], "COMPLETED", "it needs a job in flight");
            lose_a_job(world).await;
            never_finishes(world).await
        }
        Variant::StaleConnected => {
            world.restart(0).await;
            world.stays_away().await
        }
        Variant::NoDeadline => {
            world.kill().await;
            world.start(slow).await;
            sleep(ms(200)).await;
            world.sync("slow").await.took > Duration::from_secs(1)
        }
        Variant::SwallowedError => {
            let (reply, ()) = tokio::join!(world.sync("lost"), async {
                sleep(ms(10)).await;
                world.backend_task.as_ref().unwrap().abort();
            });
            reply.status == 200 && reply.body == json!({})
        }
        Variant::LostJob => {
            world.submit("in flight").await;
            sleep(ms(10)).await;
            let waiting = world.submit("waiting").await;
            world.restart(0).await;
            world.state(&waiting).await == 404
        }
        Variant::DoubledJob => {
            let id = lose_a_job(world).await;
            assert_eq!(world.state(&id).await, "ERROR");
            world.job("next").await;
            world.state(&id).await == "COMPLETED"
        }
        Variant::CrossedReplies => {
            let client = world.client();
            let (old, ()) = tokio::join!(client.sync("old"), async {
                sleep(ms(5)).await;
                world.kill().await;
                until_reconnected(world).await;
                world.sync("new").await;
            });
            old.status == 200 && old.body["token"] == "new"
        }
        Variant::ForgottenStart => {
            let id = world.submit("starting").await;
            sleep(ms(2)).await;
            world.restart(0).await;
            assert_eq!(world.job("next").await["status"], "COMPLETED");
            world.state(&id).await == "STARTING"
        }
        Variant::DeafProcessor => {
            for _ in 0..20 {
                world.restart(0).await;
                if never_finishes(world).await {
                    return world.sync("still works").await.status == 200;
                }
            }
            false
        }
        Variant::FirstCallFails => {
            world.job("before").await;
            world.restart(0).await;
            sleep(Duration::from_secs(60)).await;
            let late = world.job("long after").await;
            assert_eq!(world.job("the next").await["status"], "COMPLETED");
            late["status"] == "ERROR"
        }
        Variant::RedialFlood => {
            world.kill().await;
            sleep(Duration::from_secs(1)).await;
            world.logged("cannot connect") > 300
        }
        Variant::BackoffReset => {
            world.restart(0).await;
            world.stays_away().await
        }
        Variant::UncappedBackoff => {
            world.restart(2_700).await;
            sleep(ms(1_800)).await;
            world.sync("back?").await.status != 200
        }
        Variant::GivesUp => {
            world.restart(500).await;
            world.stays_away().await
        }
        Variant::LostRestart => {
            world.kill().await;
            until_reconnected(world).await;
            sleep(ms(20)).await;
            world.restart(0).await;
            world.stays_away().await
        }
        Variant::LossAfterReset => {
            world.kill().await;
            world.start(slow).await;
            sleep(ms(200)).await;
            assert_eq!(world.sync("late").await.status, 504);
            sleep(ms(200)).await;
            world.restart(0).await;
            world.stays_away().await
        }
        Variant::SessionRefused => {
            world.restart(1_100).await;
            world.stays_away().await
        }
        Variant::ThirdReconnectCrash => {
            for _ in 0..3 {
                world.restart(0).await;
            }
            world.api_task.as_ref().unwrap().is_finished()
        }
        Variant::BlockingReconnect => {
            world.kill().await;
            sleep(ms(10)).await;
            timeout(ms(1_000), world.get("/ping")).await.is_err()
        }
        Variant::RetryStampede => {
            let client = world.client();
            world.kill().await;
            sleep(ms(5)).await;
            let calls = join_all((0..16).map(|_| client.sync("waiting")));
            tokio::join!(calls, world.restart(0));
            world.stays_away().await
        }
        Variant::GrowingLatency => {
            world.restart(0).await;
            world.restart(0).await;
            world.sync("slower").await.took > ms(130)
        }
        Variant::LeakedDescriptor => {
            for _ in 0..3 {
                world.restart(0).await;
            }
            world.meter.streams() == 4
        }
        Variant::RetainedBuffers => {
            world.restart(0).await;
            world.meter.bytes() > 0
        }
        Variant::LateReply => {
            world.kill().await;
            let late = BackendSettings {
                work: ms(400),
                ..BackendSettings::default()
            };
            world.start(late).await;
            sleep(ms(200)).await;
            let client = world.client();
            let (old, new) = tokio::join!(client.sync("old"), async {
                sleep(ms(200)).await;
                client.sync("new").await
            });
            assert_eq!(old.status, 504);
            new.status == 200 && new.body["token"] == "old"
        }
        Variant::LeakedSlots => {
            world.kill().await;
            world.start(slow).await;
            sleep(ms(200)).await;
            join_all((0..16).map(|_| world.sync("waiting"))).await;
            world.restart(0).await;
            world.stays_away().await
        }
        Variant::FullQueue => {
            world.kill().await;
            sleep(ms(10)).await;
            for n in 0..40 {
                world.post("/request", json!({ "token": n })).await;
            }
            world.restart(0).await;
            sleep(ms(2_000)).await;
            world
                .post("/request", json!({ "token": "back?" }))
                .await
                .status
                != 200
        }
        Variant::Healthy
        | Variant::SlowStart
        | Variant::BoundedRetry
        | Variant::CircuitBreaker
        | Variant::RejectingQueue
        | Variant::ChattyLog => panic!("{bug} has no bug"),
    }
}
