//! Stacks that showed something wrong in comeback, each with the verdict that is right. Their files
//! are in `tests/cases`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::desk::{Desk, Finished};
use crate::support::live;
use crate::support::turn::{self, Group};

/// A case on a desk of its own.
struct Case {
    desk: Desk,
}

impl Case {
    /// The files of a case; none where there is no Python, and the test has been named as skipped.
    fn of(name: &str) -> Option<Self> {
        if Command::new("python3").arg("--version").output().is_err() {
            skipped(name, "no python3");
            return None;
        }
        let desk = Desk::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cases")
            .join(name);
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                fs::copy(&file, desk.path().join(file.file_name().unwrap())).unwrap();
            }
        }
        Some(Case { desk })
    }

    fn config(&self) -> PathBuf {
        self.desk.path().join("comeback.toml")
    }

    /// Replaces texts in the configuration.
    fn replace(&self, pairs: &[(&str, &str)]) {
        let mut text = fs::read_to_string(self.config()).unwrap();
        for (old, new) in pairs {
            assert!(text.contains(old), "{old} is not in {text}");
            text = text.replace(old, new);
        }
        fs::write(self.config(), text).unwrap();
    }

    fn run(&self, arguments: &str, code: i32) -> Finished {
        let run = self.desk.run(arguments);
        assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
        assert_eq!(live::left_behind(&self.desk), [""; 0]);
        run
    }

    /// How many requests were answered with success, of those that were sent while a backend was
    /// paused or dead; and how many were sent.
    fn in_outages(&self) -> (usize, usize) {
        let (mut succeeded, mut sent_away) = (0, 0);
        for trace in live::traces(&self.desk) {
            let mut away = false;
            let mut sent = std::collections::BTreeSet::new();
            for line in trace.lines() {
                let event: Value = serde_json::from_str(line).unwrap();
                let act = event["act"].as_str().unwrap_or_default();
                match event["event"].as_str().unwrap_or_default() {
                    "fault-acted" if ["pause", "kill"].contains(&act) => away = true,
                    "fault-intent" if ["unpause", "start"].contains(&act) => {
                        away = false;
                        sent.clear();
                    }
                    "sent" if away => {
                        sent_away += 1;
                        sent.insert(event["request"].to_string());
                    }
                    "ended" if away && event["outcome"] == "ok" => {
                        succeeded += usize::from(sent.contains(&event["request"].to_string()));
                    }
                    _ => {}
                }
            }
        }
        (succeeded, sent_away)
    }
}

fn skipped(test: &str, why: &str) {
    // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it
    // leaves alone.
    let line = format!("skipped: {test} ({why})\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

#[test]
fn an_api_that_connects_at_its_start_is_started_after_its_backend() {
    let _turn = turn::with(Group::Cli);
    for name in ["eager-start", "api-needs-backend"] {
        let Some(case) = Case::of(name) else { return };
        let doctor = case.run("doctor", 0);
        // It has something to say of the limits, which are short for the test's sake.
        assert!(
            doctor.stdout.contains("Nothing is wrong"),
            "{}",
            doctor.stdout
        );
        // The other one takes three seconds to start, and needs nearly all of its `recovery`.
        let limits: &[_] = match name {
            "eager-start" => &["answer", "recovery"],
            _ => &["answer"],
        };
        for limit in limits {
            let proposal = regex::Regex::new(&format!(
                "`{limit} = \"[0-9]+s\"` in \\[limits\\] would be ample"
            ));
            assert!(
                proposal.unwrap().is_match(&doctor.stdout),
                "{}",
                doctor.stdout
            );
        }
        // A request of a millisecond seldom meets the outage that begins with it.
        let steady = "steps = [1, 1]\nbackground = 1.0\nbackground-rate = [20, 20]\n";
        case.replace(&[("steps = [1, 1]\n", steady)]);
        case.run("run --plans 2 --seed 1", 0);
    }
}

#[test]
fn backends_are_started_in_their_order() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("api-needs-backend") else {
        return;
    };
    // A second backend that connects to the first one at its start, and is first in the file.
    let second = "[backend.cache]\nprocess = { command = [\"python3\", \"api.py\", \"api\", \"${port:cache}\", \"${port:db}\"] }\n\
                  ready = { tcp = \"127.0.0.1:${port:cache}\", every = \"100ms\" }\nafter = [\"db\"]\nfaults = [\"pause\"]\n[backend.db]\n";
    case.replace(&[("[backend.db]\n", second)]);
    case.run("doctor", 0);
    case.replace(&[("after = [\"db\"]\n", "")]);
    let doctor = case.run("doctor", 3);
    let told = "cache: cannot start: it ended by itself with code 1";
    assert!(doctor.stdout.contains(told), "{}", doctor.stdout);
    // The whole traceback.
    for part in ["Traceback", "create_connection", "ConnectionRefusedError"] {
        assert!(doctor.stdout.contains(part), "{}", doctor.stdout);
    }
}

#[test]
fn doctor_sees_at_once_what_ends_at_its_start() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("doctor-hang") else {
        return;
    };
    let began = Instant::now();
    let doctor = case.run("doctor", 3);
    // Its limit is two minutes; the rest is the time that Python takes on a busy machine.
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    for part in [
        "api: cannot start: it ended by itself with code 101",
        "panicked at main.rs:3:",
        "cannot connect to the database",
    ] {
        assert!(doctor.stdout.contains(part), "{part}: {}", doctor.stdout);
    }
}

#[test]
fn doctor_sees_that_a_stranger_has_the_port() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("doctor-hang") else {
        return;
    };
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port().to_string();
    case.replace(&[
        (
            "http = \"http://127.0.0.1:${port:db}/\"",
            "tcp = \"127.0.0.1:${port:db}\"",
        ),
        ("${port:db}", &port),
        (
            "exit 101",
            "exec python3 -m http.server ${port:api} --bind 127.0.0.1",
        ),
    ]);
    let doctor = case.run("doctor", 3);
    for part in [
        format!("db: cannot start: 127.0.0.1:{port} was taken before"),
        "Address already in use".to_owned(),
    ] {
        assert!(doctor.stdout.contains(&part), "{part}: {}", doctor.stdout);
    }
}

#[test]
fn readiness_over_http_is_asked_for_as_it_is_written() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("ready-http-slash") else {
        return;
    };
    for config in ["comeback.toml", "query.toml"] {
        let doctor = case.run(&format!("doctor --config {config}"), 0);
        assert!(doctor.stdout.contains("All is fine"), "{}", doctor.stdout);
    }
    case.replace(&[
        ("${port:db}/healthz\"", "${port:db}/other\""),
        ("ready-within = \"30s\"", "ready-within = \"20s\""),
    ]);
    let doctor = case.run("doctor", 3);
    let told = "the backend db was not ready within 20 s: status 404";
    assert!(doctor.stdout.contains(told), "{}", doctor.stdout);
}

#[test]
fn a_pause_freezes_workers_in_sessions_of_their_own() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("pause-misses-children") else {
        return;
    };
    let run = case.run("run --plans 1 --seed 1 --no-shrink", 1);
    assert!(run.stdout.contains("v1/no-hang/GET"), "{}", run.stdout);
    assert_eq!(case.in_outages().0, 0);
}

#[test]
fn what_a_backend_executes_twice_is_seen_in_its_log() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("double-execution") else {
        return;
    };
    let run = case.run("run --plans 1 --seed 1 --no-shrink", 1);
    for part in [
        "v1/accounting/order/double-execution",
        "was executed twice by db, as its log tells",
    ] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
    // A backend that knows what it has executed is at fault for nothing, and nothing is missing in its log.
    let backend = "\"backend\", \"${port:db}\"";
    case.replace(&[(backend, &format!("{backend}, \"once\""))]);
    case.run("run --plans 1 --seed 1 --no-shrink", 0);
}

#[test]
fn nothing_succeeds_while_all_workers_are_paused_or_dead() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("setsid-workers") else {
        return;
    };
    let run = case.desk.run("run --plans 3 --seed 1 --no-shrink");
    assert!(run.code != 2, "{}{}", run.stdout, run.stderr);
    assert_eq!(live::left_behind(&case.desk), [""; 0]);
    let (succeeded, sent) = case.in_outages();
    assert!(succeeded == 0 && sent > 0, "{succeeded} of {sent}");
}

#[test]
fn doctor_starts_what_commands_drive_where_it_is_asked_to() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    desk.write(
        "comeback.toml",
        &format!(
            "[api]\nurl = \"http://127.0.0.1:1\"\n[backend.db]\nready = {{ tcp = \"{address}\" }}\n\
             command = {{ start = [\"touch\", \"up\"], stop = [\"rm\", \"up\"], status = [\"test\", \"-f\", \"up\"] }}\n\
             [[request]]\npath = \"/\"\n"
        ),
    );
    let doctor = desk.run("doctor");
    let told = "✗ commands of db: `status` says that it does not run\n    → start it, or let doctor do that: comeback doctor --start";
    assert!(doctor.stdout.contains(told), "{}", doctor.stdout);
    assert!(!desk.path().join("up").exists());
    let doctor = desk.run("doctor --start");
    assert!(
        doctor
            .stdout
            .contains("✓ commands of db: it did not run, and was started"),
        "{}",
        doctor.stdout
    );
    assert!(desk.path().join("up").exists());
    assert_eq!(live::left_behind(&desk), [""; 0]);
}

/// An API that is up before it can serve: it refuses the first requests, and `doctor` tries again.
#[test]
fn doctor_tries_a_request_until_it_succeeds() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = Case::of("doctor-hang") else {
        return;
    };
    let api = r#"
import http.server, sys
refused = 3
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global refused
        refused -= 1
        self.send_response(503 if refused >= 0 else 200); self.send_header("content-length", "0"); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;
    case.desk.write("api.py", api);
    let config = fs::read_to_string(case.config()).unwrap();
    let begin = config.find("[\"bash\"").unwrap();
    let end = config.find("exit 101\"]").unwrap() + "exit 101\"]".len();
    case.replace(&[(
        &config[begin..end],
        "[\"python3\", \"api.py\", \"${port:api}\"]",
    )]);
    case.run("doctor", 0);
}

/// PostgreSQL in a data folder of its own. None where it is not installed; then the test has been
/// named as skipped.
fn postgres(test: &str, fault: &str) -> Option<Case> {
    let case = Case::of("postgres")?;
    let programs = fs::read_dir("/usr/lib/postgresql").ok();
    let programs = programs.and_then(|versions| versions.filter_map(Result::ok).next());
    let Some(programs) = programs.map(|version| version.path().join("bin")) else {
        let required = std::env::var("COMEBACK_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(!required, "{test} needs PostgreSQL");
        skipped(test, "no PostgreSQL");
        return None;
    };
    let data = case.desk.path().join("data");
    fs::create_dir(&data).unwrap();
    // It does not run as root.
    let mut prefix = Vec::new();
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(case.desk.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            Command::new("chown")
                .arg("postgres")
                .arg(&data)
                .status()
                .unwrap()
                .success()
        );
        prefix = [
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
        ]
        .map(str::to_owned)
        .to_vec();
    }
    let program = |name: &str| programs.join(name).display().to_string();
    let initdb = [&prefix[..], &[program("initdb")]].concat();
    let made = Command::new(&initdb[0])
        .args(&initdb[1..])
        .args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
        .arg(&data)
        .current_dir(&data)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let server = [&prefix[..], &[program("postgres")]].concat();
    let server: Vec<String> = server.iter().map(|word| format!("{word:?}")).collect();
    let data = data.display().to_string();
    case.replace(&[
        ("SERVER", &server.join(", ")),
        ("\"DATA\"", &format!("{data:?}")),
        ("FAULT", fault),
    ]);
    Some(case)
}

#[test]
fn nothing_succeeds_while_postgresql_is_frozen() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = postgres("nothing_succeeds_while_postgresql_is_frozen", "pause") else {
        return;
    };
    case.run("run --plans 2 --seed 1 --no-shrink", 0);
    let (succeeded, sent) = case.in_outages();
    assert!(succeeded == 0 && sent > 0, "{succeeded} of {sent}");
}

#[test]
fn rapid_restarts_postgresql_every_time() {
    let _turn = turn::with(Group::Cli);
    let Some(case) = postgres("rapid_restarts_postgresql_every_time", "rapid") else {
        return;
    };
    let run = case.desk.run("run --plans 2 --seed 1 --no-shrink");
    // Whatever this API makes of it: the database was there again, and no trial was spoilt.
    assert!([0, 1].contains(&run.code), "{}{}", run.stdout, run.stderr);
    let traces = live::traces(&case.desk).concat();
    assert!(!traces.contains("\"event\":\"trouble\""), "{traces}");
    assert!(traces.matches("\"act\":\"start\"").count() >= 4, "{traces}");
    assert_eq!(live::left_behind(&case.desk), [""; 0]);
}
