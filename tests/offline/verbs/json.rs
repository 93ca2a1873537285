//! `--format json` and `--color`, whatever comes of a command.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{comeback, folder};
use crate::support::desk::{Desk, TRACE, finish};

#[test]
fn there_is_one_document_in_every_case() {
    let folder = folder();
    fs::create_dir(folder.path().join("traces")).unwrap();
    for (line, code, error) in [
        ("rn", 2, Some("unrecognized subcommand")),
        ("run --demo nope", 2, Some("no variant `nope`")),
        ("run --config nowhere.toml", 2, Some("nowhere.toml")),
        ("run", 2, Some("comeback init")),
        ("replay missing.jsonl", 2, Some("missing.jsonl")),
        ("shrink missing.jsonl", 2, Some("missing.jsonl")),
        ("check missing.jsonl", 2, None),
        ("report missing.jsonl", 2, None),
        ("send", 2, Some("comeback init")),
        ("fault kill", 2, Some("comeback init")),
        ("help nowhere", 2, Some("no topic")),
        ("man nowhere", 2, Some("no command")),
        ("doctor", 2, None),
        ("heal", 0, None),
        ("demo --list", 0, None),
        ("regress", 4, None),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--format", "json"]).collect();
        let said = comeback(folder.path(), &words);
        assert_eq!(said.code, Some(code), "{line}: {}", said.all());
        let document = said.json();
        match error {
            Some(error) => {
                let said = document["error"].as_str().unwrap_or_default();
                assert!(said.contains(error), "{line}: {document}");
                assert_eq!(document["exit_code"], code, "{line}");
            }
            None => assert!(document.get("error").is_none(), "{line}: {document}"),
        }
    }
    let demos = comeback(folder.path(), &["demo", "--list", "--format", "json"]).json();
    let bugs = demos.as_array().unwrap().iter();
    let stuck = Vec::from_iter(bugs.filter(|bug| bug["name"] == "stuck-busy"));
    assert_eq!(stuck.len(), 1);
    assert!(
        stuck[0]["caught_by"]
            .as_array()
            .unwrap()
            .contains(&Value::from("no-hang"))
    );
}

#[test]
fn a_served_demo_says_where_it_is_in_one_line() {
    let desk = Desk::new();
    let mut command = desk.comeback("demo stuck-busy --format json");
    let output = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = output.spawn().unwrap();
    let mut out = BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let facts: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(facts["name"], "stuck-busy");
    // Both addresses accept connections, and both processes are there.
    let url = facts["url"].as_str().unwrap();
    for address in [
        url.trim_start_matches("http://"),
        facts["backend"].as_str().unwrap(),
    ] {
        TcpStream::connect(address).unwrap();
    }
    for service in ["api", "backend"] {
        let pid = &facts["pids"][service];
        assert!(Path::new(&format!("/proc/{pid}")).is_dir(), "{facts}");
    }
    let id = Pid::from_child(&demo);
    kill_process(id, Signal::TERM).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "the log is on standard error");
    demo.wait().unwrap();
}

#[test]
fn colours_come_where_they_are_asked_for_and_only_there() {
    let desk = Desk::new();
    let verdict = "{\"verdict\":{\"verdict\":\"holds\",\"signature\":null,\"findings\":[]}}\n";
    desk.write("good.jsonl", &format!("{TRACE}{verdict}"));
    for (line, variables, coloured) in [
        ("", &[][..], false),
        ("--color auto", &[], false),
        ("--color always", &[], true),
        ("--color always", &[("NO_COLOR", "1")], true),
        ("", &[("CLICOLOR_FORCE", "1")], true),
        ("", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ("--color never", &[("CLICOLOR_FORCE", "1")], false),
    ] {
        for verb in ["check good.jsonl", "rn"] {
            let mut command = desk.comeback(&format!("{verb} {line}"));
            for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
                command.env_remove(name);
            }
            command.envs(variables.iter().copied());
            let said = finish(command);
            let all = said.stdout + &said.stderr;
            assert_eq!(
                all.contains('\x1b'),
                coloured,
                "{verb} {line} {variables:?}: {all}"
            );
        }
    }
}
