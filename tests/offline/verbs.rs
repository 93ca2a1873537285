//! The verbs for the hand, as a user types them: `send`, `fault`, `watch`, `init`, `doctor`. What they do to containers is
//! tested in `tests/docker/driver.rs`.

mod full_disk;
mod json;
mod manual;
mod screens;
mod touched;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::desk::assert_nothing_to_heal;

/// A configuration of an API and a backend that are not there.
const DEAD: &str = r#"
[api]
url = "http://127.0.0.1:1"

[backend.db]
process = { command = ["sleep", "1000"] }
ready = { exec = ["true"] }

[[request]]
name = "page"
path = "/"

[trial]
ready-within = "300ms"
"#;

/// What a command wrote, and its exit code.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Everything, for a snapshot.
    fn all(&self) -> String {
        format!("exit {:?}\n{}{}", self.code, self.out, self.err)
    }
}

/// Runs the command in a folder, with a state folder of its own.
fn comeback(folder: &Path, words: &[&str]) -> Said {
    let output = Command::cargo_bin("comeback")
        .unwrap()
        .args(words)
        .current_dir(folder)
        .env("COMEBACK_STATE_DIR", folder.join("state"))
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn dead() -> TempDir {
    let folder = folder();
    std::fs::write(folder.path().join("comeback.toml"), DEAD).unwrap();
    folder
}

#[test]
fn every_verb_explains_itself() {
    let folder = folder();
    for verb in ["send", "fault", "watch", "init", "doctor"] {
        let said = comeback(folder.path(), &[verb, "--help"]);
        assert!(said.out.contains("Example"), "{verb}");
        insta::assert_snapshot!(format!("help_{verb}"), said.all());
    }
}

#[test]
fn replay_and_regress_explain_themselves() {
    let folder = folder();
    for verb in ["replay", "regress"] {
        let said = comeback(folder.path(), &[verb, "--help"]);
        insta::assert_snapshot!(format!("help_{verb}"), said.out);
    }
}

#[test]
fn wrong_arguments_are_answered_with_what_would_be_right() {
    let folder = folder();
    std::fs::write(folder.path().join("there.toml"), "").unwrap();
    let lines = [
        "send",
        "send --demo healthy --kind sink",
        "send --demo healthy --count 0",
        "send --demo healthy --continuous --count 3",
        "send --demo healthy --interval soon",
        "fault",
        "fault break",
        "fault stop --demo healthy",
        "fault stop other --demo healthy",
        "fault restart --kill --grace 1s --demo healthy",
        "watch --demo healthy --pattern (",
        "watch --demo healthy --probe-every 0",
        "init --output there.toml",
        "doctor --config there.toml",
        "doctor --config nowhere.toml",
        "help no-hng",
        "help xyz",
    ];
    let said = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        format!(
            "$ comeback {line}\n{}\n",
            comeback(folder.path(), &words).all()
        )
    });
    insta::assert_snapshot!(said.concat());
    assert_nothing_to_heal(folder.path());
}

#[test]
fn help_prints_pages_of_the_guide_and_the_help_of_a_command() {
    let folder = folder();
    let help = |words: &[&str]| comeback(folder.path(), words);
    let page = help(&["help", "no-hang"]);
    assert!(page.out.starts_with("# no-hang\n"), "{}", page.all());
    let verb = help(&["help", "report"]);
    assert_eq!(
        verb.out.trim_end(),
        help(&["report", "--help"]).out.trim_end()
    );
    let all = help(&["help"]).out;
    for topic in comeback::guide::PAGES {
        assert!(
            all.contains(&format!("\n  {} ", topic.topic)),
            "{}",
            topic.topic
        );
    }
    let json = help(&["help", "words", "--format", "json"]).json();
    assert!(json["text"].as_str().unwrap().starts_with("# Words"));
}

#[test]
fn send_to_an_api_that_is_not_there_says_so_and_fails() {
    let folder = dead();
    let said = comeback(folder.path(), &["send", "--count", "2"]);
    // The process stack is our own, and its API never serves.
    assert_eq!(said.code, Some(3), "{}", said.all());
    assert!(
        said.err.contains("does not serve within 300 ms"),
        "{}",
        said.err
    );

    let standing = DEAD.replace(
        "process = { command = [\"sleep\", \"1000\"] }",
        "docker = { name = \"db\" }",
    );
    std::fs::write(folder.path().join("comeback.toml"), standing).unwrap();
    let said = comeback(folder.path(), &["send", "--count", "2", "--format", "json"]);
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert_eq!(said.json()["refused"], 2);
    assert_eq!(said.json()["unknown"], 0);
    assert!(said.err.contains("page refused: "), "{}", said.err);
    let said = comeback(folder.path(), &["send", "--count", "2"]);
    let words = "2 refused (nothing listens at the API's address)";
    assert!(said.out.contains(words), "{}", said.all());
    assert_nothing_to_heal(folder.path());
}

#[test]
fn doctor_says_what_to_do_about_a_dead_stack() {
    let folder = dead();
    let said = comeback(folder.path(), &["doctor"]);
    assert_eq!(said.code, Some(3), "{}", said.all());
    assert!(said.out.contains("✗ stack"), "{}", said.out);
    assert_nothing_to_heal(folder.path());
}

/// An API that says yes to everything for as long as this process lives; its address.
fn yes() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let lines = BufReader::new(&connection).lines();
            lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .for_each(drop);
            // Whoever only looks whether somebody listens is gone by now.
            let _ = connection.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    address
}

#[test]
fn doctor_sends_no_request_before_the_backend_is_ready() {
    let folder = folder();
    let api = yes();
    for (backend, code, asked) in [(&*api, 0, true), ("127.0.0.1:1", 3, false)] {
        let config = format!(
            "[api]\nurl = \"http://{api}\"\n[backend.db]\nready = {{ tcp = \"{backend}\" }}\n\
             command = {{ start = [\"true\"], stop = [\"true\"], status = [\"true\"] }}\n[[request]]\npath = \"/\"\nname = \"page\"\n"
        );
        std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
        let said = comeback(folder.path(), &["doctor"]);
        assert_eq!(said.code, Some(code), "{}", said.all());
        assert!(said.out.contains("✓ API"), "{}", said.out);
        assert_eq!(said.out.contains("request `page`"), asked, "{}", said.out);
    }
    assert_nothing_to_heal(folder.path());
}

/// The backend's process lives, and something else answers its probe.
#[test]
fn doctor_does_not_call_it_fine_that_a_stranger_listens_where_a_service_should() {
    let folder = folder();
    let stranger = yes();
    let config = format!(
        "[api]\nurl = \"http://{stranger}\"\n[backend.db]\nready = {{ tcp = \"{stranger}\" }}\n\
         process = {{ command = [\"sleep\", \"1000\"] }}\n[[request]]\npath = \"/\"\nname = \"page\"\n"
    );
    std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
    let said = comeback(folder.path(), &["doctor"]);
    let words = format!("listened at {stranger} before db was started");
    assert!(said.out.contains(&words), "{}", said.all());
    assert!(!said.out.contains("All is fine"), "{}", said.all());
    assert_nothing_to_heal(folder.path());
}
