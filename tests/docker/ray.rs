//! The case that this project began with, in short: a real API in front of a real Ray.
//!
//! It takes minutes and builds images, so it is run only where `COMEBACK_REQUIRE_RAY=1` asks for it; then whatever is missing fails it.
//! Its two stacks stand side by side: most of the time they wait for Ray to start.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::Once;

use comeback::stack::port::ReservedPort;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::compose::{compose, succeed};
use crate::support::turn::{self, Group};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stacks/ray");

/// A stack that has not served anything for so long after its start is broken, however busy the machine is.
const PATIENCE: &str = "5m";

/// The stack, up; taken down when dropped, also by a failing test.
struct Ray {
    reconnect: &'static str,
    project: String,
    /// The configuration, and everything that the program writes.
    folder: TempDir,
    port: ReservedPort,
}

impl Ray {
    /// Puts the stack up; `changes` are made to the configuration's text.
    fn up(reconnect: &'static str, changes: &[(&str, &str)]) -> Self {
        let ray = Ray {
            reconnect,
            project: format!("comeback-test-ray-{reconnect}-{}", process::id()),
            folder: tempfile::tempdir().unwrap(),
            port: ReservedPort::reserve().unwrap(),
        };
        let mut config = std::fs::read_to_string(Path::new(FOLDER).join("comeback.toml")).unwrap();
        let address = ray.port.address().unwrap().to_string();
        let project = format!("{:?}", ray.project);
        let own = [
            ("\"comeback-ray\"", &*project),
            ("127.0.0.1:5001", &*address),
        ];
        for (from, to) in own.iter().chain(changes) {
            assert!(config.contains(from), "the configuration lacks {from}");
            config = config.replace(from, to);
        }
        std::fs::write(ray.folder.path().join("comeback.toml"), config).unwrap();
        succeed(ray.compose().args(["up", "--detach", "--no-build"]));
        ray.serve_a_first_request();
        ray
    }

    /// Waits until a first request comes back. Where two of these start beside each other, that takes longer than a scenario waits.
    fn serve_a_first_request(&self) {
        let mut watch = self.comeback(&["watch", "--for", PATIENCE, "--format", "json"]);
        let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(watch.stdout.take().unwrap()).lines();
        let mut told = told.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let served = told.any(|told| told["about"] == "probe" && told["outcome"] == "ok");
        let _ = watch.kill();
        watch.wait().unwrap();
        assert!(served, "{}: nothing in {PATIENCE}", self.reconnect);
    }

    fn compose(&self) -> Command {
        let mut command = compose();
        command
            .args(["--file", &format!("{FOLDER}/compose.yaml")])
            .args(["--project-name", &self.project])
            .env("RECONNECT", self.reconnect)
            .env("API_PORT", self.port.address().unwrap().port().to_string());
        command
    }

    fn comeback(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("COMEBACK_STATE_DIR", self.folder.path().join("state"));
        command
    }

    /// Runs a scenario, and returns the exit code and the summary.
    fn scenario(&self, scenario: &str) -> (Option<i32>, Value) {
        let mut run = self.comeback(&["run", "--scenario", scenario, "--format", "json"]);
        let output = run.output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        let summary: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {complaints}"));
        let (verdict, elapsed_ms) = (&summary["verdict"], &summary["elapsed_ms"]);
        say(&format!(
            "ray: {}, {scenario}: {verdict} in {elapsed_ms} ms",
            self.reconnect
        ));
        (output.status.code(), summary)
    }
}

impl Drop for Ray {
    fn drop(&mut self) {
        // Whatever this says, there is nothing more to do.
        let _ = self.compose().args(["down", "--timeout", "0"]).output();
    }
}

/// What was expected of the API in each plan of a scenario, and not met.
fn unmet(summary: &Value) -> Vec<String> {
    let plans = summary["scenario"].as_array().unwrap().iter();
    let expectations = plans.flat_map(|plan| plan["expectations"].as_array().unwrap());
    expectations
        .filter(|expectation| expectation["met"] == Value::Bool(false))
        .map(|expectation| expectation["what"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether Ray was asked for; then the images are there. Else the test has been named as skipped, and should return.
fn ray_or_skip(test: &str) -> bool {
    static IMAGES: Once = Once::new();
    if std::env::var("COMEBACK_REQUIRE_RAY").is_ok_and(|value| value == "1") {
        IMAGES.call_once(|| {
            succeed(&mut Command::new(Path::new(FOLDER).join("build.sh")));
        });
        return true;
    }
    say(&format!("skipped: {test} (COMEBACK_REQUIRE_RAY is not 1)"));
    false
}

/// Tells whoever waits. The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
fn say(what: &str) {
    let _ = std::io::stderr().write_all(format!("{what}\n").as_bytes());
}

#[test]
fn fixed_holds_in_every_scenario() {
    let _turn = turn::with(Group::Ray);
    if !ray_or_skip("fixed_holds_in_every_scenario") {
        return;
    }
    let fixed = Ray::up("fixed", &[]);
    for scenario in ["idle", "in-flight", "rapid"] {
        let (code, summary) = fixed.scenario(scenario);
        assert_eq!(code, Some(0), "{scenario}: {summary:#}");
        assert_eq!(
            unmet(&summary),
            Vec::<String>::new(),
            "{scenario}: {summary:#}"
        );
    }
}

#[test]
fn stale_is_found_by_one_scenario() {
    let _turn = turn::with(Group::Ray);
    if !ray_or_skip("stale_is_found_by_one_scenario") {
        return;
    }
    // What never comes back need not be waited for as long as what comes back slowly.
    let sooner = ("recovery = \"90s\"", "recovery = \"40s\"\njob = \"40s\"");
    let stale = Ray::up("stale", &[sooner]);
    let (code, summary) = stale.scenario("in-flight");
    assert_eq!(code, Some(1), "{summary:#}");
    let invariant = summary["failures"][0]["invariant"].as_str().unwrap();
    assert!(["no-hang", "recovers"].contains(&invariant), "{summary:#}");
    let unmet = unmet(&summary);
    // On a machine that is too busy to tell how long the API had, only one of the two may be sure.
    let never = ["new requests succeed", "nothing loops or hangs for ever"];
    assert!(
        unmet.iter().any(|what| never.contains(&what.as_str())),
        "{unmet:?}"
    );
}
