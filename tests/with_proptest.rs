//! How a Rust project tests its own stack with proptest. Copy this file, and put the configuration of your stack in the place of the demo's.
//!
//! Plans are drawn, executed live and judged. One that fails is made simpler by comeback's own passes, and its seed is kept in
//! `proptest-regressions/`, to be tried first from then on.

use std::cell::RefCell;
use std::fs;

use comeback::LiveStack;
use comeback::model::{Plan, Verdict};
use comeback::stack::port::ReservedPort;
use comeback::strategy::plans;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};

/// A stack of two processes: the demo with one of its bugs, described as any other stack would be.
fn configuration(bug: &str) -> (tempfile::TempDir, [ReservedPort; 2], std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let ports = [(); 2].map(|()| ReservedPort::reserve().unwrap());
    let [api, backend] = ports.each_ref().map(|port| port.address().unwrap());
    let comeback = env!("CARGO_BIN_EXE_comeback");
    let text = format!(
        r#"
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
    let file = FileFailurePersistence::Direct("proptest-regressions/with_proptest.txt");
    let config = Config {
        failure_persistence: Some(Box::new(file)),
        ..Config::with_cases(4)
    };
    find("healthy", config).unwrap();
}

#[test]
fn an_api_that_trusts_a_dead_connection_is_found_and_the_plan_made_simple() {
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
