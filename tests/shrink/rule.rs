//! The course of shrinking, against rules that say of a plan how often it fails.

use std::collections::BTreeMap;

use comeback::model::{
    Action, Anchor, Burst, Fault, FaultKind, Mix, Pace, Plan, Step, StepId, StepTimes, Wait,
};
use comeback::shrink::{Execution, Executions, Found, Purpose, Shrunk, shrink};
use futures_util::FutureExt;

/// Fails as often as a rule says.
struct Rule<F> {
    rate: F,
    rng: fastrand::Rng,
    runs: u32,
    guard_runs: u32,
}

impl<F: Fn(&Plan) -> f64> Executions for Rule<F> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        self.runs += 1;
        self.guard_runs += u32::from(purpose == Purpose::Guard);
        Some(match self.rng.f64() < (self.rate)(plan) {
            true => Execution::Failed,
            false => Execution::Passed,
        })
    }

    fn best(&mut self, _plan: &Plan, _rate: f64) {}
}

fn id(id: &str) -> StepId {
    StepId(id.to_owned())
}

fn plan() -> Plan {
    let burst = |count| {
        Action::Burst(Burst {
            count,
            concurrency: 4,
            pace: Pace::Closed { think_ms: 5 },
            mix: Mix::from([("job".to_owned(), 1), ("sync".to_owned(), 2)]),
        })
    };
    let fault = |kind| {
        Action::Fault(Fault {
            backend: "db".to_owned(),
            kind,
            outage_ms: 800,
        })
    };
    let actions = [
        ("b1", burst(20)),
        ("f1", fault(FaultKind::Kill)),
        ("w1", Action::Wait(Wait { wait_ms: 90 })),
        ("f2", fault(FaultKind::Pause)),
        ("b2", burst(30)),
    ];
    let steps = actions
        .into_iter()
        .enumerate()
        .map(|(nth, (name, action))| Step {
            id: id(name),
            anchor: Anchor::At {
                offset_ms: 70 * nth as u64,
            },
            action,
        });
    Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: steps.collect(),
    }
}

/// Shrinks the plan above, which fails as often as `rate` says.
fn shrunk<F: Fn(&Plan) -> f64>(rate: F, seed: u64) -> (Shrunk, Rule<F>) {
    shrunk_plan(plan(), rate, seed)
}

fn shrunk_plan<F: Fn(&Plan) -> f64>(plan: Plan, rate: F, seed: u64) -> (Shrunk, Rule<F>) {
    let mut rule = Rule {
        rate,
        rng: fastrand::Rng::with_seed(seed),
        runs: 0,
        guard_runs: 0,
    };
    let found = Found {
        plan,
        times: StepTimes::default(),
        odds: BTreeMap::new(),
    };
    let shrunk = shrink(&found, seed, &mut rule).now_or_never();
    (shrunk.expect("nothing here waits"), rule)
}

fn outage_ms(plan: &Plan) -> u64 {
    match plan.step(&id("f1")).map(|step| &step.action) {
        Some(Action::Fault(fault)) => fault.outage_ms,
        _ => 0,
    }
}

#[test]
fn what_always_fails_is_looked_at_only_when_it_is_as_simple_as_it_gets() {
    for seed in 0..20 {
        let needs = |plan: &Plan| match outage_ms(plan) >= 100 && plan.step(&id("b2")).is_some() {
            true => 1.0,
            false => 0.0,
        };
        let (shrunk, rule) = shrunk(needs, seed);
        assert!(shrunk.finished);
        assert_eq!(shrunk.plan.steps.len(), 2, "{}", shrunk.plan);
        assert!(
            (100..=200).contains(&outage_ms(&shrunk.plan)),
            "{}",
            shrunk.plan
        );
        assert_eq!(rule.guard_runs, 4, "seed {seed}");
        assert!(rule.runs <= 32, "seed {seed}: {}", rule.runs);
    }
}

#[test]
fn numbers_stay_clear_of_where_the_plan_fails_only_now_and_then() {
    let needs = |plan: &Plan| match outage_ms(plan) {
        0..100 => 0.0,
        100..140 => 0.4,
        _ => 1.0,
    };
    let results = (0..40).map(|seed| shrunk(needs, seed));
    let results: Vec<(u64, u32)> = results
        .map(|(shrunk, rule)| (outage_ms(&shrunk.plan), rule.runs))
        .collect();
    let clear = results.iter().filter(|(outage_ms, _)| *outage_ms >= 140);
    assert!(clear.count() >= 36, "{results:?}");
    let runs: u32 = results.iter().map(|(_, runs)| runs).sum();
    assert!(runs <= 40 * 40, "{results:?}");
}

#[test]
fn a_step_that_makes_the_failure_frequent_is_kept_though_the_guard_looks_late() {
    let needs = |plan: &Plan| match (outage_ms(plan) > 0, plan.step(&id("b1")).is_some()) {
        (false, _) => 0.0,
        (true, false) => 0.3,
        (true, true) => 1.0,
    };
    let kept = (0..40).filter(|seed| {
        let (shrunk, _) = shrunk(needs, *seed);
        needs(&shrunk.plan) == 1.0
    });
    let kept = kept.count();
    assert!(kept >= 38, "{kept} of 40");
}

#[test]
fn the_rate_of_a_flaky_failure_is_learned_before_its_numbers_are_tried() {
    let mut only = plan();
    only.steps.retain(|step| step.id == id("f1"));
    let needs = |plan: &Plan| match outage_ms(plan) >= 100 {
        true => 0.5,
        false => 0.0,
    };
    let results = (0..60).map(|seed| shrunk_plan(only.clone(), needs, seed));
    let bounds: Vec<(Option<u64>, u32)> = results
        .map(|(shrunk, rule)| {
            let outage = shrunk.boundaries.iter().find(|boundary| {
                boundary.number.step == id("f1") && boundary.number.what.to_string() == "outage"
            });
            (outage.and_then(|found| found.bounds.passes_at), rule.runs)
        })
        .collect();
    let wrong = bounds
        .iter()
        .filter(|(passes_at, _)| *passes_at >= Some(100));
    assert!(wrong.count() <= 7, "{bounds:?}");
}
