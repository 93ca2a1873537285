//! A stack that nobody here wrote: nginx as the API in front of a second nginx, both driven as local processes or by commands.

use std::env;
use std::fs;
use std::path::PathBuf;

use comeback::stack::port::ReservedPort;
use comeback::trace::Trace;
use rustix::process::Pid;
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::turn;

/// A run in which nothing may be violated. On a busy machine a trial may stay undecided, but at
/// least half of them must hold.
const HEALTHY: &str = "run --seed 1 --no-shrink --max-inconclusive 50% --format json";

/// What differs between the tests.
struct Case {
    /// How long nginx waits for its backend to answer, as nginx writes it.
    read_timeout: &'static str,
    /// Whether the backend is a daemon that commands drive, rather than a process of ours.
    daemon: bool,
    /// How plans are drawn. Outages are longer than the time-outs, so that these show.
    generator: &'static str,
}

#[test]
fn with_a_short_time_out_nginx_comes_back_from_everything() {
    let _turn = turn::alone();
    let Some(nginx) = nginx_or_skip("with_a_short_time_out_nginx_comes_back_from_everything")
    else {
        return;
    };
    let stack = Nginx::new(
        nginx,
        &Case {
            read_timeout: "1s",
            daemon: false,
            generator: r#"
faults = ["stop", "kill", "rapid", "pause"]
steps = [2, 4]
min-outage = "1200ms"
max-outage = "2s"
max-plan = "5s"
max-gap = "500ms"
max-grace = "500ms"
max-wait = "500ms"
max-offset = "1s"
max-think = "50ms"
background = 1.0
background-rate = [10.0, 20.0]
"#,
        },
    );
    let run = stack.desk.run(&format!("{HEALTHY} --plans 6"));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["verdict"], "holds");
    // It was not spared: faults of each kind made requests fail, and nginx said so.
    let seen = stack.traces(&summary);
    for fault in ["stop", "kill", "rapid", "pause"] {
        assert!(
            seen.contains(&format!("\"kind\":\"{fault}\"")),
            "no plan had a {fault}"
        );
    }
    for status in [502, 504] {
        assert!(
            seen.contains(&format!("\"status\":{status}")),
            "no {status} was seen"
        );
    }
}

#[test]
fn with_a_time_out_of_an_hour_nginx_hangs_on_a_paused_backend() {
    let _turn = turn::alone();
    let Some(nginx) = nginx_or_skip("with_a_time_out_of_an_hour_nginx_hangs_on_a_paused_backend")
    else {
        return;
    };
    let stack = Nginx::new(
        nginx,
        &Case {
            read_timeout: "1h",
            daemon: false,
            generator: r#"
faults = ["pause"]
steps = [2, 4]
min-outage = "4s"
max-outage = "6s"
max-plan = "10s"
max-wait = "500ms"
max-offset = "500ms"
max-think = "50ms"
background = 1.0
background-rate = [10.0, 20.0]
"#,
        },
    );
    // The first trial shows it. On a busy machine one may be doubted: then the next one does.
    let run = stack
        .desk
        .run("run --seed 1 --plans 10 --no-shrink --format json");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let failure = &summary["failures"][0];
    assert_eq!(failure["invariant"], "no-hang", "{failure}");
    let signature = failure["signature"].as_str().unwrap();
    assert!(signature.ends_with("/pause"), "{signature}");
    let kept = stack.desk.path().join(failure["trace"].as_str().unwrap());
    Trace::read(&kept).unwrap();
}

#[test]
fn a_daemon_that_commands_drive_is_stopped_killed_and_healed() {
    let _turn = turn::alone();
    let Some(nginx) = nginx_or_skip("a_daemon_that_commands_drive_is_stopped_killed_and_healed")
    else {
        return;
    };
    let stack = Nginx::new(
        nginx,
        &Case {
            read_timeout: "1s",
            daemon: true,
            generator: r#"
steps = [2, 4]
min-outage = "100ms"
max-outage = "1s"
max-plan = "4s"
max-gap = "500ms"
max-grace = "500ms"
max-wait = "500ms"
max-offset = "1s"
max-think = "50ms"
background = 1.0
background-rate = [10.0, 20.0]
"#,
        },
    );
    let run = stack.desk.run(&format!("{HEALTHY} --plans 6"));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let seen = stack.traces(&summary);
    for fault in ["stop", "kill", "rapid"] {
        assert!(
            seen.contains(&format!("\"kind\":\"{fault}\"")),
            "no plan had a {fault}"
        );
    }
    assert!(!seen.contains("\"kind\":\"pause\""), "no command does it");
    let daemon = stack
        .daemon()
        .expect("it was running before, and is left so");

    // Whoever ends it and dies is no better than this verb, which leaves it ended.
    let fault = stack.desk.run("fault kill echo");
    assert_eq!(fault.code, 0, "{}{}", fault.stdout, fault.stderr);
    assert_eq!(stack.daemon(), None);
    let heal = stack.desk.run("heal");
    assert_eq!(heal.stdout, "healed: echo runs again\n", "{}", heal.stderr);
    let healed = stack.daemon().expect("it runs again");
    assert_ne!(healed, daemon);
}

/// Both servers' files in a desk.
struct Nginx {
    desk: Desk,
    _ports: [ReservedPort; 2],
}

impl Nginx {
    fn new(nginx: PathBuf, case: &Case) -> Self {
        let ports = [(); 2].map(|()| ReservedPort::reserve().unwrap());
        let [api, backend] = [0, 1].map(|n: usize| ports[n].address().unwrap().to_string());
        let desk = Desk::new();
        let read_timeout = case.read_timeout;
        let proxy = format!(
            "location / {{ proxy_pass http://{backend}; proxy_connect_timeout 1s; proxy_read_timeout {read_timeout}; }}"
        );
        let echo = r#"location / { default_type application/json; return 200 '{"token": "$arg_token"}'; }"#;
        desk.write("api.conf", &server(&desk, "api", &api, &proxy, false));
        desk.write(
            "backend.conf",
            &server(&desk, "backend", &backend, echo, case.daemon),
        );
        let command = |name: &str| {
            let conf = desk.path().join(format!("{name}.conf"));
            format!(
                r#"["{}", "-e", "stderr", "-p", "{}", "-c", "{}"]"#,
                nginx.display(),
                desk.path().display(),
                conf.display()
            )
        };
        let (api_command, backend_command) = (command("api"), command("backend"));
        let backend_driver = match case.daemon {
            false => format!("process = {{ command = {backend_command} }}"),
            true => format!(
                r#"
command.start = {backend_command}
command.stop = {}
command.kill = ["sh", "-c", "kill -KILL $(cat backend.pid)"]
command.status = ["sh", "-c", "kill -0 $(cat backend.pid)"]"#,
                backend_command.replace(']', r#", "-s", "stop"]"#)
            ),
        };
        let generator = case.generator;
        desk.write(
            "comeback.toml",
            &format!(
                r#"
name = "nginx"
[api]
url = "http://{api}"
process = {{ command = {api_command} }}
[backend.echo]
{backend_driver}
ready = {{ http = "http://{backend}/", every = "20ms", timeout = "1s" }}
[[request]]
name = "read"
path = "/read?token={{token}}"
expect = {{ status = 200, echo = "/token" }}
[limits]
answer = "3s"
recovery = "10s"
[trial]
anchor-timeout = "500ms"
probe-patience = "1s"
probe-every = "50ms"
[generator]
{generator}"#
            ),
        );
        Nginx {
            desk,
            _ports: ports,
        }
    }

    /// The backend that runs as a daemon, if it does.
    fn daemon(&self) -> Option<Pid> {
        let pid = fs::read_to_string(self.desk.path().join("backend.pid")).ok()?;
        let pid = Pid::from_raw(pid.trim().parse().ok()?)?;
        rustix::process::test_kill_process(pid).ok().map(|()| pid)
    }

    /// All that a campaign's trials have recorded.
    fn traces(&self, summary: &Value) -> String {
        let folder = self.desk.path().join(summary["run"].as_str().unwrap());
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon() {
            // It may have ended by itself meanwhile.
            let _ = rustix::process::kill_process(daemon, rustix::process::Signal::KILL);
        }
    }
}

/// A server that needs nothing outside its desk. Its worker is of the same user as this test, so that it may look there.
fn server(desk: &Desk, name: &str, address: &str, location: &str, daemon: bool) -> String {
    let here = desk.path().join(name);
    let here = here.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("{what}_temp_path {here}.{what};\n"))
        .collect();
    let user = match rustix::process::geteuid().is_root() {
        true => "user root;",
        false => "",
    };
    // A daemon of one process can be killed by its one id.
    let runs = match daemon {
        false => "daemon off; worker_processes 1;",
        true => "daemon on; master_process off;",
    };
    format!(
        "{runs} pid {here}.pid; {user}\nevents {{ }}\n\
         http {{ access_log off;\n{temporary}server {{ listen {address}; {location} }} }}\n"
    )
}

/// Where nginx is; nothing where it is not: then the test has been named as skipped, and should return.
///
/// With `COMEBACK_REQUIRE_NGINX=1` a missing nginx fails the test.
fn nginx_or_skip(test: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Users who are not root often don't have this folder in their path.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join("nginx"))
        .find(|nginx| nginx.is_file());
    if found.is_none() {
        let required = env::var("COMEBACK_REQUIRE_NGINX").is_ok_and(|value| value == "1");
        assert!(!required, "{test} needs nginx");
        // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: {test} (no nginx)\n").as_bytes(),
        );
    }
    found
}
