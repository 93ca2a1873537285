//! The course of shrinking, against rules that say of a plan how often it fails.

use std::collections::BTreeMap;

use comeback::model::{
    Action, Anchor, Burst, Edge, Fault, FaultKind, Mix, Pace, Plan, Reproduced, Standing, Step,
    StepId, StepTimes, Wait,
};
use comeback::shrink::{Ending, Execution, Executions, Found, Purpose, Shrunk, explain, shrink};
use futures_util::FutureExt;

/// No step is to start later than so long after what it is anchored to.
const LONGEST_OFFSET_MS: u64 = 1_000;

/// Fails as often as a rule says.
struct Rule<F> {
    rate: F,
    /// The faults that may be done.
    faults: &'static [&'static str],
    rng: fastrand::Rng,
    most_runs: u32,
    runs: u32,
    guard_runs: u32,
}

impl<F: Fn(&Plan) -> f64> Executions for Rule<F> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        assert!(self.fits(plan), "{plan}");
        let mut offsets = plan.steps.iter().map(|step| step.anchor.offset_ms());
        assert!(
            offsets.all(|offset_ms| offset_ms <= LONGEST_OFFSET_MS),
            "{plan}"
        );
        if self.runs == self.most_runs {
            return None;
        }
        self.runs += 1;
        self.guard_runs += u32::from(purpose == Purpose::Guard);
        Some(match self.rng.f64() < (self.rate)(plan) {
            true => Execution::Failed,
            false => Execution::Passed,
        })
    }

    fn fits(&self, plan: &Plan) -> bool {
        let mut faults = plan.faults();
        faults.all(|(_, fault)| self.faults.contains(&fault.kind.name()))
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
    shrunk_found(plan, StepTimes::default(), rate, seed)
}

fn shrunk_found<F: Fn(&Plan) -> f64>(
    plan: Plan,
    times: StepTimes,
    rate: F,
    seed: u64,
) -> (Shrunk, Rule<F>) {
    shrunk_by(rule(rate, seed), plan, times, seed)
}

fn rule<F: Fn(&Plan) -> f64>(rate: F, seed: u64) -> Rule<F> {
    Rule {
        rate,
        faults: &["kill", "pause"],
        rng: fastrand::Rng::with_seed(seed),
        most_runs: u32::MAX,
        runs: 0,
        guard_runs: 0,
    }
}

fn shrunk_by<F: Fn(&Plan) -> f64>(
    mut rule: Rule<F>,
    plan: Plan,
    times: StepTimes,
    seed: u64,
) -> (Shrunk, Rule<F>) {
    let found = Found {
        plan,
        times,
        log_odds: BTreeMap::new(),
        longest_offset_ms: LONGEST_OFFSET_MS,
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
        assert_eq!(shrunk.ending, Ending::Finished);
        assert_eq!(shrunk.plan.steps.len(), 2, "{}", shrunk.plan);
        assert!(
            (100..=200).contains(&outage_ms(&shrunk.plan)),
            "{}",
            shrunk.plan
        );
        assert_eq!(rule.guard_runs, 4, "seed {seed}");
        assert!(rule.runs <= 44, "seed {seed}: {}", rule.runs);
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
    assert!(runs <= 40 * 55, "{results:?}");
}

#[test]
fn a_step_that_makes_the_failure_frequent_is_kept_though_the_guard_looks_late() {
    let needs = |plan: &Plan| match (outage_ms(plan) > 0, plan.step(&id("b1")).is_some()) {
        (false, _) => 0.0,
        (true, false) => 0.3,
        (true, true) => 1.0,
    };
    let results = (0..40).map(|seed| shrunk(needs, seed).0);
    let kept = results.filter(|shrunk| needs(&shrunk.plan) == 1.0);
    let kept: Vec<Shrunk> = kept.collect();
    assert!(kept.len() >= 38, "{} of 40", kept.len());
    // Where the plan without the step was found to fail, that is told.
    let rarer = |kept: &&Shrunk, step: &str| {
        let need = kept.needs.get(&id(step));
        need.is_some_and(|need| need.standing == Standing::Rarer)
    };
    let told = kept.iter().filter(|kept| rarer(kept, "b1"));
    assert!(told.count() >= 15);
    let wrong = kept.iter().filter(|kept| rarer(kept, "f1"));
    assert_eq!(wrong.count(), 0);
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
                boundary.number.step == id("f1") && boundary.number.kind.to_string() == "outage"
            });
            (outage.and_then(|found| found.bounds.passes_at), rule.runs)
        })
        .collect();
    let wrong = bounds
        .iter()
        .filter(|(passes_at, _)| *passes_at >= Some(100));
    assert!(wrong.count() <= 7, "{bounds:?}");
}

#[test]
fn what_does_not_show_again_is_not_explained() {
    for seed in 0..5 {
        let (shrunk, rule) = shrunk(|_| 0.0, seed);
        assert_eq!(shrunk.ending, Ending::NotShownAgain);
        assert_eq!((shrunk.plan, shrunk.needs.len()), (plan(), 0));
        assert!(rule.runs <= 80, "{}", rule.runs);
    }
    // A single step leaves nothing to try but the plan without it, which says little.
    let mut only = plan();
    only.steps.retain(|step| step.id == id("f1"));
    let (shrunk, _) = shrunk_plan(only, |_| 0.0, 1);
    assert_eq!(shrunk.ending, Ending::NotShownAgain);
}

#[test]
fn what_shows_once_in_ten_times_is_not_given_up() {
    let needs = |plan: &Plan| match outage_ms(plan) > 0 {
        true => 0.1,
        false => 0.0,
    };
    for seed in 0..20 {
        let (shrunk, _) = shrunk(needs, seed);
        assert_eq!(shrunk.ending, Ending::Finished, "seed {seed}");
    }
}

#[test]
fn a_fault_that_may_not_be_done_is_not_done() {
    let mut pause = plan();
    pause.steps.retain(|step| step.id == id("f2"));
    let only_pause = Rule {
        faults: &["pause"],
        ..rule(|plan: &Plan| plan.faults().count() as f64, 1)
    };
    let (shrunk, _) = shrunk_by(only_pause, pause, StepTimes::default(), 1);
    let (_, fault) = shrunk.plan.faults().next().unwrap();
    assert_eq!((fault.kind, fault.outage_ms), (FaultKind::Pause, 1));
}

/// What took long leaves a distance behind that is longer than any plan's.
#[test]
fn a_distance_that_no_plan_may_have_is_cut() {
    let mut chain = plan();
    chain
        .steps
        .retain(|step| ["f1", "b2"].contains(&step.id.0.as_str()));
    chain.steps[1].anchor = Anchor::After {
        step: id("f1"),
        edge: Edge::End,
        offset_ms: 5,
    };
    let times = StepTimes {
        starts_ms: BTreeMap::from([(id("f1"), 100), (id("b2"), 45_000)]),
        ends_ms: BTreeMap::new(),
    };
    let needs = |plan: &Plan| f64::from(u8::from(plan.step(&id("b2")).is_some()));
    let (shrunk, _) = shrunk_found(chain, times, needs, 1);
    assert_eq!(shrunk.plan.steps.len(), 1, "{}", shrunk.plan);
}

/// The fault that strikes while a request is in flight fails nearly always; by a time it has to be lucky.
#[test]
fn an_event_that_makes_a_flaky_failure_frequent_takes_the_place_of_a_time() {
    let mut pair = plan();
    pair.steps
        .retain(|step| ["b1", "f1"].contains(&step.id.0.as_str()));
    let needs = |plan: &Plan| {
        let fault = plan.step(&id("f1")).filter(|_| outage_ms(plan) >= 100);
        let fault = fault.filter(|_| plan.step(&id("b1")).is_some());
        match fault.map(|step| &step.anchor) {
            None => 0.0,
            Some(Anchor::InFlight { .. }) => 0.95,
            Some(_) => 0.3,
        }
    };
    let found = (0..20).filter(|seed| {
        let (shrunk, _) = shrunk_plan(pair.clone(), needs, *seed);
        needs(&shrunk.plan) == 0.95
    });
    let found = found.count();
    assert!(found >= 17, "{found} of 20");
}

#[test]
fn an_event_that_changes_nothing_seldom_takes_the_place_of_a_time() {
    let mut pair = plan();
    pair.steps
        .retain(|step| ["b1", "f1"].contains(&step.id.0.as_str()));
    let needs = |plan: &Plan| match outage_ms(plan) > 0 && plan.step(&id("b1")).is_some() {
        true => 0.5,
        false => 0.0,
    };
    let lucky = (0..400).filter(|seed| {
        let (shrunk, _) = shrunk_plan(pair.clone(), needs, *seed);
        let mut steps = shrunk.plan.steps.iter();
        steps.any(|step| matches!(step.anchor, Anchor::InFlight { .. }))
    });
    let lucky = lucky.count();
    assert!(lucky <= 10, "{lucky} of 400");
}

/// It fails when the backend is away for long enough, by whatever fault.
fn away_ms(plan: &Plan) -> u64 {
    let faults = plan.faults().map(|(_, fault)| match fault.kind {
        FaultKind::Rapid { restarts, .. } => fault.outage_ms * u64::from(restarts),
        _ => fault.outage_ms,
    });
    faults.max().unwrap_or(0)
}

#[test]
fn restarts_become_one_kill_where_only_the_time_matters() {
    let mut rapid = plan();
    for step in &mut rapid.steps {
        if let Action::Fault(fault) = &mut step.action {
            fault.kind = FaultKind::Rapid {
                restarts: 4,
                gap_ms: 5,
            };
        }
    }
    let needs = |plan: &Plan| f64::from(u8::from(away_ms(plan) >= 1_000));
    for seed in 0..10 {
        let rule = Rule {
            faults: &["kill", "pause", "rapid"],
            ..rule(needs, seed)
        };
        let (shrunk, _) = shrunk_by(rule, rapid.clone(), StepTimes::default(), seed);
        let (_, fault) = shrunk.plan.faults().next().unwrap();
        assert_eq!(shrunk.plan.steps.len(), 1, "{}", shrunk.plan);
        assert_eq!(fault.kind, FaultKind::Kill, "{}", shrunk.plan);
        let pause = &shrunk.alternatives[..];
        assert!(
            matches!(pause, [other] if other.fault == "pause" && other.fails),
            "{pause:?}"
        );
    }
}

#[test]
fn what_is_said_of_steps_faults_and_numbers_was_tried_on_the_smallest_plan() {
    let needs = |plan: &Plan| {
        let is_kill = plan.step(&id("f1")).is_some_and(
            |step| matches!(&step.action, Action::Fault(fault) if fault.kind == FaultKind::Kill),
        );
        f64::from(u8::from(
            is_kill && outage_ms(plan) >= 100 && plan.step(&id("b2")).is_some(),
        ))
    };
    let mut said = 0;
    for seed in 0..20 {
        let (shrunk, _) = shrunk(needs, seed);
        let standings = shrunk
            .needs
            .values()
            .map(|need| (need.standing, need.passed));
        assert!(
            standings.eq([(Standing::Needed, 2), (Standing::Needed, 2)]),
            "{:?}",
            shrunk.needs
        );
        let not: Vec<_> = shrunk
            .alternatives
            .iter()
            .map(|other| (other.fault.as_str(), other.fails))
            .collect();
        assert_eq!(not, [("pause", false)]);
        for boundary in &shrunk.boundaries {
            assert_eq!(boundary.number.kind.to_string(), "outage");
            let bounds = boundary.bounds;
            assert!(
                bounds.passes_at < Some(100) && bounds.fails_from >= 100,
                "{bounds:?}"
            );
            said += 1;
        }
    }
    assert!(said >= 18, "{said}");
}

#[test]
fn an_explanation_claims_what_was_tried_and_one_that_ended_early_says_so_first() {
    let needs = |plan: &Plan| {
        f64::from(u8::from(
            outage_ms(plan) >= 100 && plan.step(&id("b2")).is_some(),
        ))
    };
    let found = Found {
        plan: plan(),
        times: StepTimes::default(),
        log_odds: BTreeMap::new(),
        longest_offset_ms: LONGEST_OFFSET_MS,
    };
    let (whole, _) = shrunk(needs, 1);
    let reproduced = Reproduced { failed: 4, runs: 4 };
    let early = Rule {
        most_runs: 6,
        ..rule(needs, 1)
    };
    let (early, _) = shrunk_by(early, plan(), StepTimes::default(), 1);
    assert_eq!(early.ending, Ending::Stopped);
    let none = Reproduced { failed: 0, runs: 0 };
    let measured = BTreeMap::from([(id("f1"), 4_800)]);
    let told = [
        explain(&found, &whole, &measured, reproduced, None).text,
        explain(&found, &early, &measured, none, Some("it was interrupted")).text,
    ];
    insta::assert_snapshot!(told.join("\n"));
}
