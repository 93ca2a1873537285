//! Saved failures, replayed on the demo's processes.

use comeback::trace::TraceWriter;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::desk::{Desk, TRACE};
use crate::support::live::{self, Live, until};
use crate::support::turn::{self, Group};

/// A desk at which `stuck-busy` was found.
fn found() -> Desk {
    let desk = Desk::new();
    let run = desk.run("run --demo stuck-busy --seed 1 --no-shrink");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    desk
}

#[test]
fn a_live_bug_still_fails_until_it_is_switched_off() {
    let _turn = turn::with(Group::Cli);
    let desk = found();
    let still = desk.run("regress");
    assert_eq!(still.code, 1, "{}{}", still.stdout, still.stderr);
    assert!(live::left_behind(&desk).is_empty());

    // Nobody shrank it, so nobody has measured how often it shows.
    let trace = std::fs::read_dir(desk.path().join("traces"))
        .unwrap()
        .next();
    let mut writer = TraceWriter::append(&trace.unwrap().unwrap().path()).unwrap();
    writer
        .note(&json!({"rate": {"failed": 2, "runs": 2}}))
        .unwrap();
    let fixed = desk.run("regress --demo healthy --confidence 80% --format json");
    let told: Value = serde_json::from_str(&fixed.stdout).unwrap();
    assert_eq!(fixed.code, 0, "{told}{}", fixed.stderr);
    assert_eq!(told["traces"][0]["fate"], "fixed");
    assert_eq!(told["traces"][0]["reproduced"]["runs"], 2);
    assert!(live::left_behind(&desk).is_empty());
}

#[test]
fn an_interrupted_regress_heals_and_tells_what_it_did_not_come_to() {
    let _turn = turn::with(Group::Cli);
    let desk = found();
    // Only the traces of the replays are waited for.
    std::fs::remove_dir_all(desk.path().join("runs")).unwrap();
    let mut regress = Live::start(&desk, "regress --demo healthy --format json");
    regress.until_a_fault_strikes();
    regress.signal(Signal::INT);
    let finished = regress.finish();
    assert_eq!(finished.code, 130, "{}", finished.stderr);
    let told: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(told["interrupted"], true);
    assert_eq!(told["traces"][0]["fate"], "inconclusive");
    until("nothing is left behind", || {
        live::left_behind(&desk).is_empty()
    });
}

/// A stack whose API nobody can restart, and which is not there.
const DEAD: &str = r#"
name = "dead"
[api]
url = "http://127.0.0.1:1"
[backend.backend]
process = { command = ["sleep", "1000"] }
ready = { exec = ["true"], every = "10ms" }
[[request]]
name = "job"
path = "/"
[limits]
answer = "200ms"
job = "200ms"
recovery = "200ms"
[trial]
settle = "100ms"
probe-every = "50ms"
probe-patience = "100ms"
anchor-timeout = "100ms"
"#;

#[test]
fn a_stack_that_may_be_broken_and_cannot_be_reset_is_blamed_once() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    desk.write("comeback.toml", DEAD);
    let verdict = r#"{"verdict":{"verdict":"violated","signature":"v1/recovers/job/never/stop","findings":[]}}"#;
    let of = |stack: &str| {
        let name = format!("\"stack\":{{\"name\":\"{stack}\"");
        TRACE.replace(
            "\"stack\":{\"name\":\"demo\",\"variant\":\"healthy\"",
            &name,
        ) + verdict
            + "\n"
    };
    std::fs::create_dir(desk.path().join("traces")).unwrap();
    desk.write("traces/a.jsonl", &of("dead"));
    desk.write("traces/b.jsonl", &of("dead"));
    desk.write("traces/c.jsonl", &of("alive"));

    let replay = desk.run("replay traces/a.jsonl --times 5 --format json");
    assert_eq!(replay.code, 3, "{}{}", replay.stdout, replay.stderr);
    let told: Value = serde_json::from_str(&replay.stdout).unwrap();
    assert_eq!(told["judgements"].as_array().unwrap().len(), 1);
    assert!(told["ended_early"].is_string(), "{told}");

    let regress = desk.run("regress --format json");
    assert_eq!(regress.code, 3, "{}{}", regress.stdout, regress.stderr);
    let told: Value = serde_json::from_str(&regress.stdout).unwrap();
    let fates = [0, 1, 2].map(|nth| told["traces"][nth]["fate"].as_str().unwrap().to_owned());
    assert_eq!(fates, ["inconclusive", "inconclusive", "skipped"]);
    assert_eq!(told["traces"][0]["inconclusive"], 1);
    assert_eq!(told["traces"][1]["inconclusive"], 0, "{told}");
    assert!(live::left_behind(&desk).is_empty());
}

/// A configuration without `name` takes its folder's, which is another one in each checkout.
#[test]
fn saved_failures_that_are_all_of_other_stacks_are_no_green_light() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    desk.write("comeback.toml", DEAD);
    let verdict = r#"{"verdict":{"verdict":"violated","signature":"v1/recovers/job/never/stop","findings":[]}}"#;
    std::fs::create_dir(desk.path().join("traces")).unwrap();
    desk.write("traces/a.jsonl", &format!("{TRACE}{verdict}\n"));
    let regress = desk.run("regress --config comeback.toml");
    assert_eq!(regress.code, 3, "{}{}", regress.stdout, regress.stderr);
    insta::assert_snapshot!(regress.stdout, @"
    traces: 1 skipped, asked for 95 % confidence; none of them could be replayed, so nothing is known to be fixed

    skipped: traces/a.jsonl: it is of the stack `demo`, and the configuration is of `dead`
    ");
    // What had not failed does not have to be replayed.
    let held = r#"{"verdict":{"verdict":"holds","findings":[]}}"#;
    desk.write("traces/a.jsonl", &format!("{TRACE}{held}\n"));
    let regress = desk.run("regress --config comeback.toml");
    assert_eq!(regress.code, 0, "{}{}", regress.stdout, regress.stderr);
}
