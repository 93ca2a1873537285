//! What is left of a failure.

use std::fs;

use serde_json::Value;

use crate::support::desk::Desk;

fn found(desk: &Desk, bug: &str, more: &str) -> Value {
    let finished = desk.run(&format!(
        "run --demo {bug} --sim --plans 300 --format json {more}"
    ));
    assert_eq!(finished.code, 1, "{}{}", finished.stdout, finished.stderr);
    let summary: Value = serde_json::from_str(&finished.stdout).unwrap();
    summary["failures"][0].clone()
}

#[test]
fn a_failure_is_shrunk_explained_and_saved() {
    let mut gone = 0;
    for seed in 1..=3 {
        let desk = Desk::new();
        let failure = found(&desk, "stuck-busy", &format!("--seed {seed}"));
        let steps = failure["steps"].as_u64().unwrap();
        // A burst and one or two faults; which ones depends on the plan that was found.
        assert!(steps <= 3, "{failure:#}");
        gone += failure["steps_before_shrink"].as_u64().unwrap() - steps;
        let explanation = failure["explanation"].as_str().unwrap();
        assert!(explanation.starts_with("Needed: "), "{explanation}");
        let trace = failure["trace"].as_str().unwrap();
        let text = fs::read_to_string(desk.path().join(trace)).unwrap();
        for note in ["{\"rate\":", "{\"shrink\":", "{\"explanation\":"] {
            assert!(text.contains(note), "{note}");
        }
        // The saved trace is that of the small plan, and is judged as it was.
        let check = desk.run(&format!("check {trace}"));
        assert_eq!(check.code, 1, "{}{}", check.stdout, check.stderr);
        let signature = failure["signature"].as_str().unwrap();
        assert!(check.stdout.contains(signature), "{}", check.stdout);
        let replay = desk.run(&format!("replay {trace} --times 2"));
        assert_eq!(replay.code, 1, "{}{}", replay.stdout, replay.stderr);
    }
    assert!(gone >= 3, "hardly anything could be left out: {gone} steps");
}

/// It crashes at the third reconnect: three outages are needed, and no fewer.
#[test]
fn ordered_faults_that_are_all_needed_are_kept() {
    let desk = Desk::new();
    let failure = found(&desk, "gives-up", "--seed 1");
    let trace = failure["trace"].as_str().unwrap();
    let text = fs::read_to_string(desk.path().join(trace)).unwrap();
    let plan: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let steps = plan["plan"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{plan:#}");
    // It gives up after some failed attempts to connect: the outage has to last for them.
    let numbers = text.lines().find(|line| line.contains("\"explanation\""));
    let note: Value = serde_json::from_str(numbers.unwrap()).unwrap();
    let numbers = note["note"]["explanation"]["numbers"].as_array().unwrap();
    let outage = numbers.iter().find(|number| number["what"] == "outage");
    let outage = outage.expect("the outage matters");
    let (passes, fails) = (&outage["passes_at"], &outage["fails_from"]);
    assert!(passes.as_u64() < fails.as_u64(), "{outage}");
    assert!(steps[0]["fault"]["outage_ms"].as_u64() >= fails.as_u64());
}

#[test]
fn what_cannot_be_shrunk_is_refused_with_a_reason() {
    let desk = Desk::new();
    desk.run("run --demo stuck-busy --sim --seed 1 --plans 1 --no-shrink");
    let mut told = String::new();
    let saved = desk.run("run --demo stuck-busy --sim --seed 1 --no-shrink");
    assert_eq!(saved.code, 1);
    let traces = fs::read_dir(desk.path().join("traces")).unwrap();
    let trace = traces.map(|entry| entry.unwrap().path()).next().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    desk.write("cut.jsonl", &lines[..5].join("\n"));
    desk.write("text.jsonl", "nothing\n");
    let elsewhere = text.replacen("\"name\":\"demo\"", "\"name\":\"other\"", 1);
    desk.write("elsewhere.jsonl", &elsewhere);
    for file in [
        "cut.jsonl",
        "text.jsonl",
        "elsewhere.jsonl",
        "missing.jsonl",
    ] {
        let refused = desk.run(&format!("shrink {file}"));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{file}");
        told += &refused.stderr;
    }
    insta::assert_snapshot!(told);
}

/// Where there is no progress bar, a line says so whenever the plan has become smaller.
#[test]
fn without_a_progress_bar_a_line_says_whenever_the_plan_is_smaller() {
    let desk = Desk::new();
    let run = desk.run("run --demo stuck-busy --sim --seed 2 --plans 300");
    let told = run.stderr.lines().filter(|l| l.starts_with("shrinking: "));
    let told: Vec<&str> = told.collect();
    let steps = |line: &str| line.split_once(", ").map(|(steps, _)| steps.to_owned());
    let steps: Vec<_> = told.iter().filter_map(|line| steps(line)).collect();
    let mut differ = steps.clone();
    differ.dedup();
    assert!(differ.len() > 1, "{}", run.stderr);
    assert!(told[0].contains(" steps, execution 1 · "), "{told:?}");
    // It takes dozens of executions, and a line comes again after ten seconds only.
    assert!(told.len() < 20, "{}", run.stderr);
    let quiet = desk.run("run --demo stuck-busy --sim --seed 2 --plans 300 --quiet");
    assert_eq!(quiet.stderr, "");
}
