//! The demo as two containers, with a link between them in a third.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::containers::Containers;
use super::{PATIENCE, document};
use crate::support::docker::engine_or_skip;
use crate::support::turn::{self, Group};

#[tokio::test]
async fn a_call_without_a_deadline_is_found_by_a_link_and_a_healthy_api_holds() {
    let _turn = turn::alone();
    let test = "a_call_without_a_deadline_is_found_by_a_link_and_a_healthy_api_holds";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let silent = ["half-open", "black-hole"];
    let arguments = ["run", "--seed", "1", "--no-shrink", "--format", "json"];
    let stack = Containers::up_with_link("no-deadline", &silent);
    let looked = stack.comeback(&["doctor"]).output().expect("it ran");
    let text = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(looked.status.success(), "{text}");
    assert!(text.contains("✓ link to backend"), "{text}");
    let (code, summary) = document(&stack.comeback(&arguments).output().expect("it ran"));
    assert_eq!(code, Some(1), "{summary}");
    assert_eq!(summary["failures"][0]["invariant"], "no-hang", "{summary}");
    stack.assert_runs();
    assert_eq!(stack.state("link"), "running");

    let stack = Containers::up_with_link("healthy", &["half-open", "black-hole", "reset"]);
    let mut run = stack.comeback(&arguments);
    let few = ["--plans", "6", "--max-inconclusive", "50%"];
    let (code, summary) = document(&run.args(few).output().expect("it ran"));
    assert_eq!(code, Some(0), "{summary}");
    stack.assert_runs();
}

#[tokio::test]
async fn a_link_forwards_again_when_comeback_is_killed() {
    let _turn = turn::with(Group::DockerStack);
    let test = "a_link_forwards_again_when_comeback_is_killed";
    if engine_or_skip(test).await.is_none() {
        return;
    }
    let stack = Containers::up_with_link("healthy", &["black-hole"]);
    let until = Instant::now() + PATIENCE;
    let wait_for = |serves: bool| {
        while serves != serves_within(&stack.api(), Duration::from_secs(1)) {
            assert!(Instant::now() < until, "it never served: {serves}");
        }
    };
    wait_for(true);
    let mut fault = stack
        .comeback(&["fault", "link", "black-hole", "backend", "--for", "10m"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it is built");
    wait_for(false);
    fault.kill().expect("it is there");
    fault.wait().expect("it ended");
    wait_for(true);
    assert_eq!(stack.state("link"), "running");
}

/// Whether the API answers a request with success within a time.
fn serves_within(api: &str, within: Duration) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(api)?;
        stream.set_read_timeout(Some(within))?;
        let body = r#"{"prompt":"say hello to 1","token":"t-1"}"#;
        write!(
            stream,
            "POST /sync HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
