//! The network between an API and its backend, on software that nobody here wrote: redis-py and
//! psycopg in a small API, in front of redis-server and PostgreSQL, behind a link.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::live::{Live, processes, until};
use crate::support::turn;

/// A stack whose API, with its client's default settings or careful ones, goes through a link.
struct Linked(Desk);

impl Linked {
    fn new(client: &str, server: &[String], ready: &str, is_careful: bool, faults: &str) -> Self {
        let desk = Desk::new();
        let quoted = |words: &[String]| -> String {
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            words.join(", ")
        };
        let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/link/api.py");
        // A client that never gives up is found out sooner by shorter limits.
        let (careful, answer, recovery) = match is_careful {
            true => ("1", "3s", "15s"),
            false => ("0", "1s", "3s"),
        };
        let api = [
            python(),
            api.display().to_string(),
            "${port:api}".to_owned(),
            client.to_owned(),
            careful.to_owned(),
            "127.0.0.1:${port:link}".to_owned(),
        ];
        desk.write(
            "comeback.toml",
            &format!(
                r#"
name = "{client}"
[api]
url = "http://127.0.0.1:${{port:api}}"
process = {{ command = [{}] }}
[backend.db]
process = {{ command = [{}], stop-signal = "INT" }}
ready = {{ exec = {ready}, every = "100ms" }}
link = {{ listen = "127.0.0.1:${{port:link}}", to = "127.0.0.1:${{port:db}}" }}
faults = [{faults}]
[[request]]
path = "/read"
[limits]
answer = "{answer}"
recovery = "{recovery}"
[trial]
probe-patience = "{answer}"
[generator]
max-outage = "2s"
max-offset = "500ms"
max-think = "100ms"
max-wait = "500ms"
max-plan = "6s"
"#,
                quoted(&api),
                quoted(server)
            ),
        );
        Linked(desk)
    }

    fn redis(is_careful: bool, faults: &str) -> Self {
        let server = ["redis-server", "--port", "${port:db}", "--save", ""].map(str::to_owned);
        let ready = r#"["redis-cli", "-p", "${port:db}", "ping"]"#;
        Linked::new("redis", &server, ready, is_careful, faults)
    }

    fn postgres(programs: &Path, is_careful: bool, faults: &str) -> (Self, tempfile::TempDir) {
        let (prefix, data) = cluster(programs);
        let place = data.path().join("data").display().to_string();
        let arguments = [
            "-D",
            &place,
            "-p",
            "${port:db}",
            "-c",
            "unix_socket_directories=",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
        ];
        let program = programs.join("postgres").display().to_string();
        let server = prefix.into_iter().chain([program]);
        let server: Vec<String> = server.chain(arguments.map(str::to_owned)).collect();
        let ready = r#"["psql", "-XAtqc", "select 1", "host=127.0.0.1 port=${port:db} user=postgres dbname=postgres"]"#;
        let stack = Linked::new("postgres", &server, ready, is_careful, faults);
        (stack, data)
    }

    /// Runs until something is found, and checks that it is a request that hangs after one fault.
    fn hangs(&self) {
        let run = self.0.run("run --seed 1 --plans 8 --format json");
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        let summary: Value = serde_json::from_str(&run.stdout).unwrap();
        let failure = &summary["failures"][0];
        let signature = failure["signature"].as_str().unwrap();
        assert!(signature.starts_with("v1/no-hang/"), "{signature}");
        let steps = failure["plan"]["steps"].as_array().unwrap();
        let faults: Vec<&Value> = steps.iter().filter_map(|step| step.get("fault")).collect();
        let requests = steps
            .iter()
            .filter_map(|step| step["burst"]["count"].as_u64());
        assert_eq!(faults.len(), 1, "{failure:#}");
        // Where none is in the plan, one of those that ask whether the API recovers hangs.
        assert!(requests.sum::<u64>() <= 1, "{failure:#}");
        let kind = faults[0]["kind"].as_str().unwrap();
        assert!(["half-open", "black-hole"].contains(&kind), "{kind}");
        let traces = fs::read_dir(self.0.path().join("traces")).unwrap();
        let trace = traces.map(|file| file.unwrap().path()).next().unwrap();
        let trace = fs::read_to_string(trace).unwrap();
        for event in ["link-opened", "link-first-byte"] {
            assert!(trace.contains(event), "{event}");
        }
    }

    fn holds(&self) {
        let run = self
            .0
            .run("run --seed 1 --plans 8 --no-shrink --max-inconclusive 50% --format json");
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let summary: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(summary["verdict"], "holds");
    }
}

#[test]
fn redis_py_hangs_on_a_dead_connection_by_default() {
    let _turn = turn::alone();
    if needs_redis("redis_py_hangs_on_a_dead_connection_by_default") {
        Linked::redis(false, r#""half-open", "black-hole""#).hangs();
    }
}

#[test]
fn redis_py_with_timeouts_comes_back_from_what_a_network_does() {
    let _turn = turn::alone();
    if needs_redis("redis_py_with_timeouts_comes_back_from_what_a_network_does") {
        // A reply that trickles defeats its timeouts, which are of each read.
        let faults = r#""half-open", "black-hole", "reset", "refuse", "accept-close", "one-way", "idle-close", "kill""#;
        Linked::redis(true, faults).holds();
    }
}

#[test]
fn psycopg_hangs_on_a_dead_connection_by_default() {
    let _turn = turn::alone();
    let test = "psycopg_hangs_on_a_dead_connection_by_default";
    if let Some(programs) = postgres_or_skip(test) {
        let (stack, _data) = Linked::postgres(&programs, false, r#""half-open""#);
        stack.hangs();
    }
}

#[test]
fn psycopg_with_keepalives_comes_back() {
    let _turn = turn::alone();
    if let Some(programs) = postgres_or_skip("psycopg_with_keepalives_comes_back") {
        // A link answers keepalives while it holds back what they probe for, unless the connection
        // is dead.
        let faults = r#""half-open", "reset", "refuse", "kill""#;
        let (stack, _data) = Linked::postgres(&programs, true, faults);
        stack.holds();
    }
}

#[test]
fn after_sigkill_in_a_fault_of_the_link_nothing_is_left() {
    let _turn = turn::alone();
    if !needs_redis("after_sigkill_in_a_fault_of_the_link_nothing_is_left") {
        return;
    }
    for fault in ["half-open", "black-hole", "slow"] {
        let stack = Linked::redis(true, &format!("{fault:?}"));
        let mut run = Live::start(&stack.0, "run --seed 1 --plans 2 --no-shrink");
        run.until_a_fault_strikes();
        run.signal(Signal::KILL);
        run.wait_killed();
        until("nothing of the stack is left", || {
            processes(&stack.0).is_empty()
        });
    }
}

#[test]
fn a_link_that_dies_in_a_trial_makes_it_inconclusive_by_name() {
    let _turn = turn::alone();
    if !needs_redis("a_link_that_dies_in_a_trial_makes_it_inconclusive_by_name") {
        return;
    }
    let stack = Linked::redis(true, r#""slow""#);
    let mut run = Live::start(&stack.0, "run --seed 1 --plans 1 --no-shrink");
    run.until_a_fault_strikes();
    let links = processes(&stack.0);
    let is_link = |process: &&procfs::process::Process| {
        let words = process.cmdline().unwrap_or_default();
        words.get(1).is_some_and(|word| word == "link")
    };
    let link = links.iter().find(is_link).unwrap();
    let pid = rustix::process::Pid::from_raw(link.pid).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    let run = run.finish();
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    // It may end just before it is asked for the fault, or while it does it.
    let told = ["the link ended", "is gone"];
    let is_told = told.iter().any(|words| run.stdout.contains(words));
    assert!(is_told, "{}", run.stdout);
}

#[test]
fn doctor_says_whether_the_api_goes_through_the_link() {
    let _turn = turn::alone();
    if !needs_redis("doctor_says_whether_the_api_goes_through_the_link") {
        return;
    }
    let stack = Linked::redis(true, r#""reset""#);
    let fine = stack.0.run("doctor");
    assert_eq!(fine.code, 0, "{}{}", fine.stdout, fine.stderr);
    let through = "the API goes through it";
    assert!(fine.stdout.contains(through), "{}", fine.stdout);
    let file = stack.0.path().join("comeback.toml");
    let text = fs::read_to_string(&file).unwrap();
    let past = text.replacen("127.0.0.1:${port:link}", "127.0.0.1:${port:db}", 1);
    stack.0.write("comeback.toml", &past);
    let wrong = stack.0.run("doctor");
    assert_eq!(wrong.code, 2, "{}{}", wrong.stdout, wrong.stderr);
    assert!(
        wrong.stdout.contains("point the API at"),
        "{}",
        wrong.stdout
    );
}

/// The interpreter that has the clients.
fn python() -> String {
    env::var("COMEBACK_PYTHON").unwrap_or_else(|_| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ci-python/bin/python");
        match own.is_file() {
            true => own.display().to_string(),
            false => "python3".to_owned(),
        }
    })
}

fn needs_redis(test: &str) -> bool {
    let server = Command::new("redis-server")
        .arg("--version")
        .output()
        .is_ok();
    is_there(test, "redis-server", server, "REDIS") && has_client(test, "redis")
}

fn has_client(test: &str, module: &str) -> bool {
    let import = Command::new(python())
        .args(["-c", &format!("import {module}")])
        .output();
    let found = import.is_ok_and(|import| import.status.success());
    is_there(
        test,
        &format!("the Python package {module}"),
        found,
        "PYTHON",
    )
}

fn postgres_or_skip(test: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok();
    let programs = versions.and_then(|versions| versions.filter_map(Result::ok).next());
    let is_ready = is_there(test, "PostgreSQL", programs.is_some(), "POSTGRES");
    let programs = programs.filter(|_| is_ready && has_client(test, "psycopg"));
    programs.map(|version| version.path().join("bin"))
}

/// Names a test that is skipped, or fails it where what it needs is required.
fn is_there(test: &str, what: &str, is_there: bool, variable: &str) -> bool {
    if !is_there {
        let required = env::var(format!("COMEBACK_REQUIRE_{variable}"));
        let required = required.is_ok_and(|value| value == "1");
        assert!(!required, "{test} needs {what}");
        // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it
        // leaves alone.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: {test} (no {what})\n").as_bytes(),
        );
    }
    is_there
}

/// A new cluster, and what its programs are started by: they do not run as root.
fn cluster(programs: &Path) -> (Vec<String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut prefix = Vec::new();
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let owned = Command::new("chown").arg("postgres").arg(&data).status();
        assert!(owned.unwrap().success());
        let words = "setpriv --reuid=postgres --regid=postgres --clear-groups";
        prefix = words.split(' ').map(str::to_owned).collect();
    }
    let initdb = programs.join("initdb").display().to_string();
    let words: Vec<String> = prefix.iter().cloned().chain([initdb]).collect();
    let made = Command::new(&words[0])
        .args(&words[1..])
        .args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
        .arg(&data)
        .current_dir(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
    (prefix, folder)
}
