//! The demo as it is shipped: two children of the real binary.

use std::path::PathBuf;
use std::time::Duration;

use assert_cmd::Command;
use comeback::app::Variant;
use comeback::demo::LiveDemo;
use comeback::model::Act;
use comeback::stack::{Backend, ServiceState};
use http_body_util::BodyExt;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::support::turn::{self, Group};

/// Enough for a machine that has better things to do.
const PATIENCE: Duration = Duration::from_secs(20);

fn demo(variant: Variant) -> LiveDemo {
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_comeback"));
    LiveDemo::new(executable, variant).unwrap()
}

async fn start(demo: &LiveDemo) {
    for (_, driver) in demo.stack.services() {
        driver.act(Act::Start).await.unwrap();
    }
    until_ready(&demo.stack.backends[0]).await;
    until_ok(demo).await;
}

async fn until_ready(backend: &Backend) {
    let probing = async {
        while backend.probe.ready(&*backend.driver).await.is_err() {
            sleep(backend.probe_every).await;
        }
    };
    timeout(PATIENCE, probing)
        .await
        .expect("the backend does not get ready");
}

/// A synchronous request's status and body; none where nothing listens.
async fn sync(demo: &LiveDemo) -> Option<(u16, Value)> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("{}/sync", demo.url));
    let request = request.body(r#"{"token": "t"}"#.to_owned()).unwrap();
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, serde_json::from_slice(&body).unwrap()))
}

async fn until_ok(demo: &LiveDemo) {
    let trying = async {
        while !matches!(sync(demo).await, Some((200, _))) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, trying)
        .await
        .expect("the API does not come back");
}

#[tokio::test]
async fn the_healthy_demo_comes_back_from_everything() {
    let _turn = turn::with(Group::Demo);
    let demo = demo(Variant::Healthy);
    let backend = &demo.stack.backends[0];
    start(&demo).await;
    let api = demo.stack.api.as_ref().unwrap();
    let lease = api.lease();

    backend.driver.act(Act::Kill).await.unwrap();
    assert!(backend.probe.ready(&*backend.driver).await.is_err());
    let (status, body) = sync(&demo).await.unwrap();
    assert!((500..600).contains(&status) && body["error"].is_string());
    backend.driver.act(Act::Start).await.unwrap();
    until_ready(backend).await;
    until_ok(&demo).await;

    backend.driver.act(Act::Pause).await.unwrap();
    let (status, body) = sync(&demo).await.unwrap();
    assert!([503, 504].contains(&status) && body["error"].is_string());
    backend.driver.act(Act::Unpause).await.unwrap();
    until_ok(&demo).await;

    let stop = Act::Stop { grace_ms: 20_000 };
    for _restart in 0..3 {
        backend.driver.act(stop).await.unwrap();
        backend.driver.act(Act::Start).await.unwrap();
    }
    until_ready(backend).await;
    until_ok(&demo).await;

    assert_eq!(api.lease(), lease, "the API was restarted");
    for (_, driver) in demo.stack.services() {
        driver.release().await.unwrap();
        assert_eq!(driver.state().await.unwrap(), ServiceState::Stopped);
    }
}

#[tokio::test]
async fn two_demos_run_side_by_side() {
    let _turn = turn::with(Group::Demo);
    let demos = [demo(Variant::Healthy), demo(Variant::NoDeadline)];
    assert_ne!(demos[0].url, demos[1].url);
    for demo in &demos {
        start(demo).await;
    }
    for demo in &demos {
        assert_eq!(sync(demo).await.unwrap().0, 200);
    }
}

#[test]
fn the_list_explains_every_variant() {
    let _turn = turn::with(Group::Demo);
    let output = Command::cargo_bin("comeback")
        .unwrap()
        .args(["demo", "--list"])
        .output()
        .unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_port_in_use_is_named() {
    let _turn = turn::with(Group::Demo);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::cargo_bin("comeback")
        .unwrap()
        .args(["demo-part", "backend", "--listen", &address])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&address) && text.contains("in use"), "{text}");
}
