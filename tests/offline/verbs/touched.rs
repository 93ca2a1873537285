//! What may be touched is told before it happens, and other machines only if that is allowed.

use std::path::Path;

use assert_cmd::Command;

use super::{DEAD, assert_nothing_to_heal, comeback, dead, folder};

/// Every verb that sends load or does faults.
const VERBS: [&str; 11] = [
    "run",
    "run --scenario idle",
    "run --dry-run",
    "replay saved.jsonl",
    "shrink saved.jsonl",
    "regress .",
    "send",
    "fault kill",
    "fault restart",
    "watch --for 0.1",
    "doctor",
];

/// A saved failure of a stack called `shop`.
const SAVED: &str = r#"{"comeback_trace":1,"comeback":"0.1.0","generator":1,"stack":{"name":"shop","backends":["db"],"kinds":[{"name":"page","job":false,"echo":false}],"connections":"fresh","api_observed":false},"limits":{"answer_ms":1000,"job_ms":1500,"recovery_ms":2000,"grace_ms":null,"failures":null,"stragglers":0},"trials_since_reset":0,"started_at":"2026-01-01T00:00:00Z"}
{"plan":{"seed":1,"index":0,"steps":[{"id":"f1","anchor":{"at":{"offset_ms":20}},"fault":{"backend":"db","kind":"stop","grace_ms":1,"outage_ms":20}}]}}
{"verdict":{"verdict":"violated","signature":"v1/recovers/page/never/stop","findings":[{"invariant":"recovers","verdict":"violated","reason":"never","kind":"page","message":"it never came back","evidence":[]}]}}
"#;

/// Runs the command with an engine, and gives its exit code and all that it wrote.
fn with_engine(folder: &Path, line: &str, engine: &str) -> (Option<i32>, String) {
    let output = Command::cargo_bin("comeback")
        .unwrap()
        .args(line.split(' '))
        .current_dir(folder)
        .env("COMEBACK_STATE_DIR", folder.join("state"))
        .env("DOCKER_HOST", engine)
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(all).unwrap())
}

#[test]
fn no_verb_loads_or_breaks_another_machine_unasked() {
    let docker = "docker = { name = \"db\" }";
    let process = "process = { command = [\"sleep\", \"1000\"] }";
    let away = DEAD.replace("http://127.0.0.1:1", "http://192.0.2.7:80");
    let probed = DEAD.replace("exec = [\"true\"]", "tcp = \"192.0.2.7:5432\"");
    let engine = DEAD.replace(process, docker);
    for (what, config, engine) in [
        ("`url` of [api]", away, "unix:///nowhere/docker.sock"),
        (
            "`ready` of [backend.db]",
            probed,
            "unix:///nowhere/docker.sock",
        ),
        ("DOCKER_HOST", engine.clone(), "tcp://192.0.2.7:2375"),
        ("DOCKER_HOST", engine, "ssh://root@192.0.2.7"),
    ] {
        let folder = folder();
        std::fs::write(folder.path().join("saved.jsonl"), SAVED).unwrap();
        let config = format!("name = \"shop\"\n{config}");
        std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
        for verb in VERBS {
            // Whoever only sends requests needs no engine.
            if what == "DOCKER_HOST" && verb == "send" {
                continue;
            }
            let (code, said) = with_engine(folder.path(), verb, engine);
            assert_eq!(code, Some(2), "{verb} with {what}: {said}");
            let line = said.lines().find(|line| line.contains("another machine"));
            let line = line.unwrap_or_else(|| panic!("{verb} with {what}: {said}"));
            assert!(
                line.contains(what)
                    && line.contains("192.0.2.7")
                    && line.contains("--allow-remote"),
                "{line}"
            );
        }
        assert_nothing_to_heal(folder.path());
    }
}

#[test]
fn another_machine_is_allowed_by_the_option_or_the_key() {
    let away = DEAD.replace("http://127.0.0.1:1", "http://192.0.2.7:80");
    let folder = folder();
    let file = folder.path().join("comeback.toml");
    std::fs::write(&file, &away).unwrap();
    let said = comeback(folder.path(), &["run", "--dry-run", "--allow-remote"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("http://192.0.2.7"), "{}", said.out);

    std::fs::write(&file, format!("allow-remote = true\n{away}")).unwrap();
    let said = comeback(folder.path(), &["run", "--dry-run"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
}

#[test]
fn a_dry_run_lists_everything_and_does_nothing() {
    let folder = dead();
    let config = format!(
        "{DEAD}\n[backend.queue]\nready = {{ tcp = \"127.0.0.1:1\" }}\nfaults = [\"kill\"]\n\
         command = {{ start = [\"touch\", \"started\"], kill = [\"touch\", \"killed\"], status = [\"touch\", \"asked\"] }}\n"
    );
    std::fs::write(folder.path().join("comeback.toml"), config).unwrap();
    let said = comeback(folder.path(), &["run", "--dry-run"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    for part in [
        "sleep 1000",
        "probe: `true`, run where the service runs",
        "acts: stop, start, kill, pause, unpause",
        "whatever `touch killed` reaches (kill",
        "acts: kill, start, stop",
        "a TCP connection to 127.0.0.1:1",
        "GET / to http://127.0.0.1:1",
        "at most 256 at once, 1000 per second and 100000 in a trial",
        "time         100 trials, about ",
        " in all besides starts, restarts and recovery; up to 30 min more if something fails",
        "Nothing was done.",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = comeback(folder.path(), &["run", "--dry-run", "--format", "json"]);
    assert_eq!(said.json()[0]["services"][1]["driver"], "command");
    assert_eq!(said.json()[0]["forecast"]["trials"], 100);
    let words = ["run", "--dry-run", "--for", "2h", "--no-shrink"];
    let said = comeback(folder.path(), &words);
    assert!(
        said.out.contains("trials begun within 2 h, about "),
        "{}",
        said.out
    );
    assert!(!said.out.contains("if something fails"), "{}", said.out);
    assert_nothing_to_heal(folder.path());
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left = Vec::from_iter(left.map(|entry| entry.unwrap().file_name()));
    assert!(
        left.iter()
            .all(|name| name == "comeback.toml" || name == "state"),
        "{left:?}"
    );
}

#[test]
fn a_run_says_in_one_line_what_it_touches_and_how_long_it_may_take_before_it_starts() {
    let folder = dead();
    let said = comeback(folder.path(), &["run", "--plans", "7"]);
    assert_eq!(said.code, Some(3), "{}", said.all());
    let first = said.err.lines().next().unwrap_or_default();
    for part in [
        "stop, kill, rapid, pause of db (process)",
        "requests to http://127.0.0.1:1",
        "7 trials, about ",
    ] {
        assert!(first.contains(part), "{part}: {}", said.all());
    }
    let quiet = comeback(folder.path(), &["run", "--plans", "7", "--quiet"]);
    assert!(!quiet.err.contains("7 trials"), "{}", quiet.all());
}

#[test]
fn doctor_lists_what_may_be_touched_and_what_each_driver_can_do() {
    let said = comeback(folder().path(), &["doctor", "--demo", "healthy"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    for part in [
        "What may be touched on the stack `demo`, and nothing else:",
        "demo-part backend",
        "not allowed",
        "cannot",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
}
