//! The program `comeback link`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use comeback::link::{LinkControl, LinkReady, PROTOCOL};
use comeback::model::LinkFault;
use rustix::process::{Pid, Signal, kill_process};

use super::path::{Kind, LONG, dial, echo, echoed};

const THIS: &str = env!("CARGO_BIN_EXE_comeback");

/// A link of its own process, and the addresses that it got.
fn start(arguments: &[&str]) -> (Child, LinkReady) {
    let mut child = Command::new(THIS)
        .arg("link")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// How a link ends, once it does.
fn end(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(start.elapsed() < LONG, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leased_link_ends_with_its_starter_and_nothing_is_left_listening() {
    let first = echo(Kind::V4, "".into()).await;
    let second = echo(Kind::V6, "".into()).await;
    let (mut child, ready) = start(&[
        "--listen=127.0.0.1:0",
        &format!("--to={first}"),
        "--listen=[::1]:0",
        &format!("--to={second}"),
        "--control=127.0.0.1:0",
        "--leased",
    ]);
    assert_eq!(ready.comeback_link, PROTOCOL);
    let listens = ready.paths.iter().map(|path| path.listen.clone());
    let mut addresses: Vec<String> = listens.collect();
    for address in &addresses {
        let mut stream = dial(address).await.unwrap();
        assert_eq!(echoed(&mut stream, b"hello").await.unwrap(), b"hello");
    }
    // A Ctrl-C is for the one who started it.
    signal(&child, Signal::INT);
    let control = ready.control.unwrap();
    let parsed = control.parse().unwrap();
    let (controller, _sights) = LinkControl::connect(&parsed, LONG).await.unwrap();
    controller.fault(LinkFault::BlackHole).await.unwrap();
    drop(child.stdin.take());
    assert_eq!(end(&mut child), Some(0));
    addresses.push(control);
    for address in &addresses {
        let refused = dial(address).await.err().map(|error| error.kind());
        assert_eq!(refused, Some(std::io::ErrorKind::ConnectionRefused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_users_own_lives_until_it_is_asked_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let to = echo(Kind::Unix, folder.path().join("to")).await;
    let listen = format!("unix:{}", folder.path().join("listen").display());
    for ending in [Signal::INT, Signal::TERM, Signal::KILL] {
        // What a killed one has left does not hinder the next.
        let arguments = [format!("--listen={listen}"), format!("--to={to}")];
        let (mut child, ready) = start(&[&arguments[0], &arguments[1]]);
        assert_eq!(ready.control, None);
        drop(child.stdin.take());
        let mut stream = dial(&listen).await.unwrap();
        assert_eq!(echoed(&mut stream, b"hello").await.unwrap(), b"hello");
        signal(&child, ending);
        let expected = (ending != Signal::KILL).then_some(0);
        assert_eq!(end(&mut child), expected);
        assert!(dial(&listen).await.is_err());
    }
}

#[test]
fn every_mistake_is_told_with_its_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken
        .local_addr()
        .map(|address| (address.to_string(), taken));
    let (taken, _listener) = taken.unwrap();
    let mistakes: [&[&str]; 9] = [
        &[],
        &["--listen", "127.0.0.1:0"],
        &["--listen", "5432", "--to", "db:5432"],
        &["--listen", "::1:80", "--to", "db:5432"],
        &["--listen", &taken, "--to", "127.0.0.1:9"],
        &["--listen", "127.0.0.1:7", "--to", "127.0.0.1:7"],
        &[
            "--listen",
            "127.0.0.1:0",
            "--listen",
            "127.0.0.1:0",
            "--to",
            "127.0.0.1:9",
        ],
        &[
            "--listen",
            "127.0.0.1:0",
            "--to",
            "127.0.0.1:9",
            "--control",
            "0.0.0.0:0",
        ],
        &[
            "--listen",
            "127.0.0.1:0",
            "--to",
            "127.0.0.1:9",
            "--control",
            &taken,
        ],
    ];
    let said = mistakes.map(|arguments| {
        let output: Output = Command::new(THIS)
            .arg("link")
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let typed = arguments.join(" ");
        let text = String::from_utf8(output.stderr).unwrap();
        format!("$ comeback link {typed}\n{text}").replace(&taken, "TAKEN")
    });
    insta::assert_snapshot!(said.join("\n"));
}
