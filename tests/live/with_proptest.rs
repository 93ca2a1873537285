//! The library in a Rust test: the demo as a stack of two processes, described as any other would
//! be. `examples/with_proptest.rs` is what another project would write, and is run here, too.

use std::cell::RefCell;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use comeback::LiveStack;
use comeback::model::{Plan, Verdict};
use comeback::stack::port::ReservedPort;
use comeback::strategy::plans;
use procfs::process::all_processes;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::turn::{self, Group};

/// Enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stack of two processes: the demo with one of its bugs, described as any other stack would be.
fn configuration(bug: &str) -> (tempfile::TempDir, [ReservedPort; 2], std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let ports = [(); 2].map(|()| ReservedPort::reserve().unwrap());
    let [api, backend] = ports.each_ref().map(|port| port.address().unwrap());
    let comeback = env!("CARGO_BIN_EXE_comeback");
    let text = format!(
        r#"
name = "two-processes"
[api]
url = "http://{api}"
process = {{ command = ["{comeback}", "demo-part", "api", "--listen", "{api}", "--backend", "{backend}", "--variant", "{bug}"] }}

[backend.store]
process = {{ command = ["{comeback}", "demo-part", "backend", "--listen", "{backend}"] }}
ready = {{ exec = ["{comeback}", "demo-part", "health", "{backend}"], every = "10ms", timeout = "1s" }}

[[request]]
method = "POST"
path = "/request"
json = {{ token = "{{token}}", work_ms = 5 }}
job = {{ id = "/id", poll = "/response/{{id}}", state = "/status", done = ["COMPLETED"], failed = ["ERROR"] }}

[generator]
steps = [1, 4]
requests = [1, 8]
max-outage = "300ms"
max-offset = "100ms"
max-plan = "2s"

[limits]
answer = "1s"
job = "1500ms"
recovery = "2s"

[trial]
anchor-timeout = "300ms"
probe-patience = "300ms"
probe-every = "20ms"
settle = "600ms"
"#
    );
    let file = folder.path().join("comeback.toml");
    fs::write(&file, text).unwrap();
    (folder, ports, file)
}

/// Executes random plans; the first one that fails is returned as simple as it gets.
fn find(bug: &str, config: Config) -> Result<(), TestError<Plan>> {
    let (_folder, _ports, file) = configuration(bug);
    let stack = RefCell::new(LiveStack::open(&file).unwrap());
    let plans = plans(stack.borrow().space());
    TestRunner::new(config).run(&plans, |plan| {
        let trace = stack.borrow_mut().execute(&plan).unwrap();
        let judgement = trace.judgement.unwrap();
        match judgement.verdict {
            Verdict::Holds => Ok(()),
            Verdict::Violated => {
                let finding = judgement.primary().unwrap();
                Err(TestCaseError::fail(finding.message.clone()))
            }
            // The environment's fault, not the API's: another plan is drawn in its place.
            Verdict::Inconclusive => Err(TestCaseError::reject(judgement.reason())),
        }
    })
}

#[test]
fn a_correct_api_comes_back_from_every_plan() {
    let _turn = turn::with(Group::WithProptest);
    let file = FileFailurePersistence::Direct("proptest-regressions/with_proptest.txt");
    let config = Config {
        failure_persistence: Some(Box::new(file)),
        ..Config::with_cases(4)
    };
    find("healthy", config).unwrap();
}

#[test]
fn an_api_that_trusts_a_dead_connection_is_found_and_the_plan_made_simple() {
    let _turn = turn::with(Group::WithProptest);
    // It is meant to fail, so there is nothing to keep.
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 8,
        ..Config::with_cases(20)
    };
    let Err(TestError::Fail(_, plan)) = find("stale-connected", config) else {
        panic!("it was not found");
    };
    assert_eq!(plan.steps.len(), 1, "{plan}");
    assert_eq!(plan.faults().count(), 1, "{plan}");
}

#[test]
fn an_interrupted_test_leaves_nothing_behind() {
    let _turn = turn::with(Group::WithProptest);
    let (folder, ports, file) = configuration("healthy");
    let addresses: Vec<SocketAddr> = ports.iter().map(|port| port.address().unwrap()).collect();
    let is_up = |address: &SocketAddr| TcpStream::connect(address).is_ok();
    let mut test = Command::new(example())
        .arg(file)
        .current_dir(folder.path())
        .env("COMEBACK_STATE_DIR", folder.path().join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !addresses.iter().all(is_up) {
        assert!(Instant::now() < deadline, "the stack did not come up");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&test), Signal::INT).unwrap();
    assert_eq!(test.wait().unwrap().code(), Some(130));
    assert!(!addresses.iter().any(is_up), "a service still runs");
    // Nor is one that was just being started: it would listen a moment later.
    assert_eq!(started_in(folder.path()), [""; 0]);
    let journals = fs::read_dir(folder.path().join("state")).unwrap();
    let journals = journals.map(|entry| entry.unwrap().path());
    let left: Vec<PathBuf> = journals.filter(|path| path.is_file()).collect();
    assert!(left.is_empty(), "journals are left: {left:?}");
}

#[test]
fn the_example_finds_a_bug_and_keeps_its_trace() {
    let _turn = turn::with(Group::WithProptest);
    let (folder, _ports, file) = configuration("stale-connected");
    let run = Command::new(example())
        .arg(file)
        .current_dir(folder.path())
        .env("COMEBACK_STATE_DIR", folder.path().join("state"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success(), "{said}");
    let kept = folder.path().join("runs/in-tests/two-processes.jsonl");
    assert!(said.contains("runs/in-tests/"), "{said}");
    for file in [&kept, &kept.with_extension("html")] {
        assert!(file.is_file(), "{} is missing: {said}", file.display());
    }
}

/// The commands of all processes that run in a folder.
fn started_in(folder: &Path) -> Vec<String> {
    let processes = all_processes().unwrap().filter_map(Result::ok);
    let here = processes.filter(|process| process.cwd().is_ok_and(|cwd| cwd == folder));
    here.filter_map(|process| Some(process.cmdline().ok()?.join(" ")))
        .collect()
}

/// The program that is made of `examples/with_proptest.rs`. A test of its own name does not build
/// it.
fn example() -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--example", "with_proptest"]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.unwrap().success(), "the example does not build");
    });
    let itself = std::env::current_exe().unwrap();
    let built = itself.parent().and_then(|deps| deps.parent()).unwrap();
    built.join("examples/with_proptest")
}
