//! Runs that are killed at random moments, with and without their reapers, on every driver, slow stops and slow commands
//! included; and runs whose engine goes away. Nothing may be left broken.
//!
//! `COMEBACK_KILLS=200 cargo test --test live kills -- --nocapture` is the long form, whose table is in `benches/RESULTS.md`.

mod away;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use comeback::stack::port::ReservedPort;
use rustix::process::Signal;

use crate::support::desk::Desk;
use crate::support::docker::engine_or_skip;
use crate::support::live::{self, Live};
use crate::support::test_container::TestContainer;
use crate::support::turn::{self, Group};

/// How many runs of each driver are killed in the short form.
const FEW: usize = 4;

/// What is broken this long after the kill counts as left broken.
const LEFT_AFTER: Duration = Duration::from_secs(30);

/// Longer than any act may be in doubt here.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// Faults follow each other closely, so that few kills come between them.
const CLOSE: &str = r#"
steps = [2, 4]
requests = [1, 3]
min-outage = "50ms"
max-outage = "700ms"
max-gap = "200ms"
max-grace = "2s"
max-wait = "100ms"
max-offset = "200ms"
event-anchors = 0.0
background = 0.0
[limits]
answer = "3s"
job = "4s"
recovery = "8s"
[trial]
settle = "600ms"
anchor-timeout = "500ms"
probe-every = "50ms"
[[request]]
name = "sync"
path = "/sync"
json = { prompt = "hello", token = "{token}" }
expect = { status = 200, echo = "/token" }
"#;

/// What was seen of one driver's kills.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// Kills that came while an act was announced and not done.
    in_mid_act: usize,
    with_reaper: usize,
    left_broken: Vec<String>,
    longest: Duration,
}

impl Tally {
    /// Kills runs, every second one in the middle of an act, and every third one with its reaper.
    fn of(kills: usize, desk: &Desk, is_right: impl Fn() -> bool) -> Self {
        let mut tally = Tally::default();
        for nth in 0..kills {
            let seed = fastrand::u32(..);
            let mut live = Live::start(
                desk,
                &format!("run --seed {seed} --plans 50 --no-shrink --quiet"),
            );
            // The first trial has been begun, so that there is something to be killed in.
            live.until_a_fault_strikes();
            if nth % 2 == 0 {
                live::until("an act is under way", || is_in_mid_act(desk));
                sleep(Duration::from_millis(fastrand::u64(0..300)));
            } else {
                sleep(Duration::from_millis(fastrand::u64(0..3_000)));
            }
            let with_reaper = nth % 3 == 0;
            if with_reaper {
                live::reapers(desk).iter().for_each(live::kill);
                tally.with_reaper += 1;
            }
            tally.in_mid_act += usize::from(is_in_mid_act(desk));
            live.signal(Signal::KILL);
            live.wait_killed();
            tally.kills += 1;
            let killed = Instant::now();
            if with_reaper {
                let heal = desk.run("heal");
                if heal.code != 0 || !is_right() {
                    tally
                        .left_broken
                        .push(format!("seed {seed}: {}{}", heal.stdout, heal.stderr));
                }
            } else {
                // Before an act in doubt takes effect, all looks well; so what counts is how it is after the time, or when the journal is gone.
                let mut is_looked_at = false;
                while !live::left_behind(desk).is_empty() && killed.elapsed() < SETTLED_WITHIN {
                    if killed.elapsed() > LEFT_AFTER && !std::mem::replace(&mut is_looked_at, true)
                    {
                        let broken = !is_right() || !live::services(desk).is_empty();
                        tally
                            .left_broken
                            .extend(broken.then(|| format!("seed {seed}: after 30 s")));
                    }
                    sleep(Duration::from_millis(50));
                }
            }
            tally.longest = tally.longest.max(killed.elapsed());
            // What was in doubt has had its time: what is right now stays right.
            let left = live::left_behind(desk);
            if !left.is_empty() || !is_right() {
                tally
                    .left_broken
                    .push(format!("seed {seed}: {left:?}, right: {}", is_right()));
            }
            let _ = fs::remove_dir_all(desk.path().join("runs"));
        }
        tally
    }

    fn tell(&self, driver: &str) {
        println!(
            "| {driver} | {} | {} | {} | {} | {:.1} s |",
            self.kills,
            self.in_mid_act,
            self.with_reaper,
            self.left_broken.len(),
            self.longest.as_secs_f64()
        );
        assert!(
            self.left_broken.is_empty(),
            "{driver}: {:#?}",
            self.left_broken
        );
    }
}

/// Whether the last thing that a journal tells is an act that was announced and not done.
fn is_in_mid_act(desk: &Desk) -> bool {
    let entries = fs::read_dir(desk.state()).into_iter().flatten();
    entries.filter_map(Result::ok).any(|entry| {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        text.lines()
            .next_back()
            .is_some_and(|line| line.contains("\"intent\""))
    })
}

fn kills() -> usize {
    let asked = std::env::var("COMEBACK_KILLS").ok();
    // Three drivers share them.
    asked.map_or(FEW, |kills| {
        kills.parse::<usize>().expect("a number").div_ceil(3)
    })
}

fn ports() -> [ReservedPort; 2] {
    [(); 2].map(|()| ReservedPort::reserve().unwrap())
}

fn address(port: &ReservedPort) -> String {
    port.address().unwrap().to_string()
}

const THIS: &str = env!("CARGO_BIN_EXE_comeback");

/// Writes a configuration: how the API is driven, if it is; how its backend is; and which faults may be done.
fn configure(desk: &Desk, api: &str, process: &str, store: &str, faults: &str) {
    desk.write(
        "comeback.toml",
        &format!(
            "name = \"kills\"\n[api]\nurl = \"http://{api}\"\n{process}\n[backend.store]\n{store}\n\
             [generator]\nfaults = [{faults}]\n{CLOSE}"
        ),
    );
}

/// The API, started by comeback.
fn started(api: &str, backend: &str) -> String {
    format!(
        r#"process = {{ command = ["{THIS}", "demo-part", "api", "--listen", "{api}", "--backend", "{backend}"] }}"#
    )
}

/// The probe of a backend of the demo.
fn asked_for_its_health(backend: &str) -> String {
    format!(
        r#"ready = {{ exec = ["{THIS}", "demo-part", "health", "{backend}"], every = "50ms", timeout = "2s" }}"#
    )
}

#[test]
fn processes() {
    let _turn = turn::with(Group::Kills);
    let (desk, ports) = (Desk::new(), ports());
    let backend = address(&ports[1]);
    let store = format!(
        r#"process = {{ command = ["{THIS}", "demo-part", "backend", "--listen", "{backend}", "--boot", "50ms"] }}
{}"#,
        asked_for_its_health(&backend)
    );
    let api = address(&ports[0]);
    configure(
        &desk,
        &api,
        &started(&api, &backend),
        &store,
        r#""stop", "kill", "rapid", "pause""#,
    );
    // Nothing was there before, so nothing may be there after.
    Tally::of(kills(), &desk, || true).tell("process");
}

#[test]
fn commands() {
    let _turn = turn::with(Group::Kills);
    let (desk, ports) = (Desk::new(), ports());
    let (api, backend) = (address(&ports[0]), address(&ports[1]));
    // It takes its time for whatever it does; its environment is its own, so that it is not taken for what a run has left.
    let script = format!(
        r#"#!/bin/sh
cd {folder}
runs() {{ test -e pid && kill -0 $(cat pid) 2>/dev/null; }}
case $1 in
start) runs && exit 0
  env -u COMEBACK_STATE_DIR setsid {THIS} demo-part backend --listen {backend} --boot 50ms </dev/null >/dev/null 2>&1 &
  echo $! > pid; sleep 0.3;;
stop) sleep 1; kill $(cat pid); sleep 0.5;;
kill) sleep 1; kill -9 $(cat pid); sleep 0.5;;
status) runs;;
esac
"#,
        folder = desk.path().display()
    );
    desk.write("service.sh", &script);
    let store = format!(
        r#"{}
[backend.store.command]
start = ["sh", "service.sh", "start"]
stop = ["sh", "service.sh", "stop"]
kill = ["sh", "service.sh", "kill"]
status = ["sh", "service.sh", "status"]
timeout = "8s""#,
        asked_for_its_health(&backend)
    );
    configure(
        &desk,
        &api,
        &started(&api, &backend),
        &store,
        r#""stop", "kill", "rapid""#,
    );
    let service = |act: &str| {
        let mut command = Command::new("sh");
        let command = command.args(["service.sh", act]).current_dir(desk.path());
        command.status().unwrap().success()
    };
    let _end = AtEnd(|| {
        service("kill");
    });
    assert!(service("start"));
    Tally::of(kills(), &desk, || service("status")).tell("command");
}

#[tokio::test]
async fn containers() {
    let _turn = turn::with(Group::Kills);
    if engine_or_skip("kills: containers").await.is_none() {
        return;
    }
    let rig = Containers::new();
    Tally::of(kills(), &rig.desk, || rig.is_right()).tell("docker");
}

/// A backend in a container, beside an API of processes.
struct Containers {
    desk: Desk,
    container: TestContainer,
    _parts: [Part; 2],
}

impl Containers {
    fn new() -> Self {
        let (desk, ports) = (Desk::new(), ports());
        let (api, backend) = (address(&ports[0]), address(&ports[1]));
        // It takes 700 ms to obey.
        let container = TestContainer::run(&[], &["obey", "wait"]);
        let part = |arguments: &[&str]| {
            let mut command = Command::new(THIS);
            command.arg("demo-part").args(arguments).process_group(0);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            Part(command.spawn().unwrap())
        };
        let parts = [
            part(&["backend", "--listen", &backend, "--boot", "50ms"]),
            part(&["api", "--listen", &api, "--backend", &backend]),
        ];
        let name = &container.name;
        let store = format!(
            r#"docker = {{ name = "{name}" }}
ready = {{ exec = ["/subject", "exit", "0"], every = "200ms", timeout = "10s" }}"#
        );
        configure(
            &desk,
            &api,
            "",
            &store,
            r#""stop", "kill", "rapid", "pause", "cut""#,
        );
        Containers {
            desk,
            container,
            _parts: parts,
        }
    }

    /// Whether the container is as it was found.
    fn is_right(&self) -> bool {
        let state = "{{.State.Running}} {{.State.Paused}} {{len .NetworkSettings.Networks}}";
        self.container.inspect(state) == "true false 1"
    }
}

/// Does something when the test ends, also if it fails.
struct AtEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A process that ends with the test.
struct Part(Child);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
