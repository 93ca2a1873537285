//! The generator's promises: same seed, same plans; everything that can be drawn is drawn; all of it fits.

use std::collections::BTreeMap;
use std::process::Command;

use comeback::generator::{BackendSpace, Bounds, Space, SpaceError, plan, plans};
use comeback::model::{
    Action, Anchor, Burst, Edge, Expect, Fault, FaultKind, FaultName, Job, Limits, Mix, Pace, Plan,
    RequestKind, Step, StepId, Wait,
};
use proptest::prelude::*;

fn mix() -> Mix {
    Mix::from([("read".to_owned(), 3), ("write".to_owned(), 1)])
}

fn backends() -> Vec<BackendSpace> {
    let backend = |name: &str, faults: &[FaultName]| BackendSpace {
        name: name.to_owned(),
        faults: faults.to_vec(),
    };
    vec![
        backend("ray", &FaultName::OF_SERVICES),
        backend("redis", &[FaultName::Pause, FaultName::Kill]),
    ]
}

fn space_with(bounds: Bounds) -> Space {
    let log_anchors = vec!["connect(ed|ing)".to_owned()];
    Space::new(backends(), mix(), log_anchors, bounds).unwrap()
}

fn space() -> Space {
    space_with(Bounds::default())
}

/// The same, where what is written becomes a job that may be met in two states.
fn space_with_jobs() -> Space {
    let text = |text: &str| text.to_owned();
    let job = Job {
        id: text("/id"),
        poll: text("/jobs/{id}"),
        state: text("/state"),
        done: vec![text("DONE")],
        failed: vec![text("FAILED")],
        states: vec![text("QUEUED"), text("RUNNING")],
        message: None,
    };
    let kind = |(name, weight): (String, u32)| RequestKind {
        job: (name == "write").then(|| job.clone()),
        name,
        weight,
        after: None,
        method: text("POST"),
        path: text("/"),
        headers: BTreeMap::new(),
        json: None,
        expect: Expect::default(),
    };
    let kinds: Vec<RequestKind> = mix().into_iter().map(kind).collect();
    space().with_jobs_of(&kinds)
}

fn some_plans(space: &Space, count: u64) -> impl Iterator<Item = Plan> {
    (0..count).map(move |index| plan(space, 1, index))
}

/// If this snapshot changes, every seed that somebody wrote down draws another plan: raise `GENERATOR_VERSION`.
#[test]
fn a_seed_draws_the_same_plans_for_ever_and_they_read_well() {
    let space = space();
    let plans = some_plans(&space, 5).chain(random_plans(&space, 5));
    let printed: Vec<String> = plans.map(|plan| plan.to_string()).collect();
    insta::assert_snapshot!(printed.join("\n\n"));
}

#[test]
fn proptest_s_environment_has_no_influence() {
    let test = "a_seed_draws_the_same_plans_for_ever_and_they_read_well";
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env("PROPTEST_RNG_SEED", "7")
        .env("PROPTEST_RNG_ALGORITHM", "xs")
        .env("PROPTEST_MAX_LOCAL_REJECTS", "0")
        .env("PROPTEST_CASES", "1")
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
}

#[test]
fn seed_and_index_both_decide() {
    let space = space();
    let steps = |seed, index| plan(&space, seed, index).steps;
    assert_eq!(steps(1, 2), steps(1, 2));
    assert_ne!(steps(1, 2), steps(2, 1));
    assert_ne!(steps(1, 2), steps(1, 3));
    let named = plan(&space, 7, 9);
    assert_eq!((named.seed, named.index), (7, 9));
}

#[test]
fn every_kind_of_anchor_fault_pace_and_load_is_drawn() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for plan in random_plans(&space(), 500) {
        let mut see = |what| *seen.entry(what).or_default() += 1;
        if plan.background.is_some() {
            see("background");
        }
        for step in &plan.steps {
            see(anchor_name(&step.anchor));
            match &step.action {
                Action::Burst(burst) => see(match burst.pace {
                    Pace::Closed { think_ms: 0 } => "closed",
                    Pace::Closed { .. } => "closed, thinking",
                    Pace::Open { .. } => "open",
                }),
                Action::Fault(fault) => {
                    see(fault.kind.name());
                    see(if fault.backend == "ray" {
                        "ray"
                    } else {
                        "redis"
                    });
                    if matches!(fault.kind, FaultKind::Rapid { gap_ms: 0, .. }) {
                        see("rapid without a gap");
                    }
                }
                Action::Wait(_) => see("wait"),
            }
        }
    }
    let expected = [
        "background",
        "at",
        "after start",
        "after end",
        "in flight",
        "ready",
        "log",
        "closed",
        "closed, thinking",
        "open",
        "stop",
        "kill",
        "rapid",
        "pause",
        "cut",
        "ray",
        "redis",
        "rapid without a gap",
        "wait",
    ];
    for what in expected {
        let count = seen.get(what).copied().unwrap_or_default();
        assert!(
            count >= 10,
            "{what} is drawn {count} times in 500 plans: {seen:?}"
        );
    }
}

fn anchor_name(anchor: &Anchor) -> &'static str {
    match anchor {
        Anchor::At { .. } => "at",
        Anchor::After {
            edge: Edge::Start, ..
        } => "after start",
        Anchor::After {
            edge: Edge::End, ..
        } => "after end",
        Anchor::InFlight { .. } => "in flight",
        Anchor::Accepted { .. } => "accepted",
        Anchor::State { .. } => "state",
        Anchor::Ready { .. } => "ready",
        Anchor::Log { .. } => "log",
    }
}

/// Faults wait for jobs as often as for requests in flight, and never for more jobs than a burst is
/// sure or likely to have.
#[test]
fn where_requests_become_jobs_faults_strike_these() {
    let space = space_with_jobs();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for plan in (0..600).map(|index| plan(&space, 1, index)) {
        assert_eq!(space.fits(&plan), Ok(()), "{plan}");
        for Step { anchor, action, .. } in &plan.steps {
            let Some(nth) = anchor.nth() else { continue };
            let burst = match plan.step(anchor.awaits().unwrap()) {
                Some(Step {
                    action: Action::Burst(burst),
                    ..
                }) => burst,
                other => panic!("{other:?}"),
            };
            if !matches!(anchor, Anchor::InFlight { .. }) {
                assert!(nth <= likely(burst), "{plan}");
            }
            if let Action::Fault(_) = action {
                *seen.entry(anchor_name(anchor).to_owned()).or_default() += 1;
            }
            if let Anchor::State { state, .. } = anchor {
                *seen.entry(state.clone()).or_default() += 1;
            }
        }
    }
    for what in ["in flight", "accepted", "state", "QUEUED", "RUNNING"] {
        let count = seen.get(what).copied().unwrap_or_default();
        assert!(count >= 20, "{what} is drawn {count} times: {seen:?}");
    }
}

/// How many jobs a burst has if it sends nothing else, or half of those that may be expected.
fn likely(burst: &Burst) -> u32 {
    let jobs = burst.mix.get("write").copied().unwrap_or_default();
    match burst.mix.values().sum::<u32>() {
        all if all == jobs => burst.count,
        all => burst.count * jobs / all / 2,
    }
}

/// After the kill that strikes one request comes one that strikes accepted jobs, and one that strikes a job in its last state.
#[test]
fn the_opening_of_a_stack_with_jobs_has_two_plans_more_for_each_backend() {
    let (space, plain) = (space_with_jobs(), space());
    let mut opening: Vec<Plan> = some_plans(&space, OPENING + 4).collect();
    let jobs = opening.extract_if(.., |plan| {
        let strike = &plan.step(plan.faults().next().unwrap().0).unwrap().anchor;
        matches!(strike, Anchor::Accepted { .. } | Anchor::State { .. })
    });
    let jobs: Vec<String> = jobs.map(|plan| plan.to_string()).collect();
    insta::assert_snapshot!(jobs.join("\n"));
    let steps = |plans: Vec<Plan>| plans.into_iter().map(|plan| plan.steps).collect::<Vec<_>>();
    assert_eq!(steps(opening), steps(some_plans(&plain, OPENING).collect()));
}

/// How many plans the opening of [`space`] has: five kinds for one backend and two for the other, each under load and idle,
/// and for each backend a kill that strikes one request.
const OPENING: u64 = 16;

fn random_plans(space: &Space, count: u64) -> impl Iterator<Item = Plan> {
    (0..count).map(move |nth| plan(space, 1, OPENING + nth))
}

#[test]
fn every_plan_has_a_fault_and_load_meets_the_outages_of_four_in_five() {
    let plans: Vec<Plan> = random_plans(&space(), 500).collect();
    assert!(plans.iter().all(|plan| plan.faults().next().is_some()));
    let met = |plan: &Plan| plan.faults().filter(|(id, _)| meets(plan, id)).count();
    let outages: usize = plans.iter().map(|plan| plan.faults().count()).sum();
    let outages_met: usize = plans.iter().map(met).sum();
    assert!(outages_met * 5 >= outages * 4, "{outages_met} of {outages}");
    let all_met = |plan: &&Plan| met(plan) == plan.faults().count();
    let plans_met = plans.iter().filter(all_met).count();
    assert!(plans_met >= 400, "{plans_met} of 500");
}

/// Whether a fault has steady load behind it, is anchored into a burst, or has a burst anchored into its outage.
fn meets(plan: &Plan, id: &StepId) -> bool {
    let fault = plan.step(id).unwrap();
    let Action::Fault(Fault { outage_ms, .. }) = &fault.action else {
        return false;
    };
    let is_sent_into = |step: &Step| match (&step.action, &step.anchor) {
        (
            Action::Burst(_),
            Anchor::After {
                step: named,
                edge: Edge::Start,
                offset_ms,
            },
        ) => named == id && offset_ms <= outage_ms,
        _ => false,
    };
    plan.background.is_some() || fault.anchor.nth().is_some() || plan.steps.iter().any(is_sent_into)
}

/// A call without a deadline shows only where a freeze outlasts what an answer may take, and load meets it.
#[test]
fn one_plan_in_ten_freezes_a_backend_for_longer_than_an_answer_may_take_under_load() {
    let limits = Limits::default();
    let space = space().at_scale_of(&limits);
    let freezes = |plan: &Plan| {
        let mut faults = plan.faults();
        faults.any(|(id, fault)| {
            let is_silent = matches!(fault.kind, FaultKind::Pause | FaultKind::Cut);
            is_silent && fault.outage_ms > limits.answer_ms && meets(plan, id)
        })
    };
    let plans = random_plans(&space, 500).filter(freezes).count();
    assert!(plans >= 100, "{plans} of 500");
}

#[test]
fn a_campaign_opens_with_each_allowed_fault_under_load_and_idle_whatever_its_seed() {
    let space = space();
    let opening: Vec<Plan> = (0..OPENING).map(|index| plan(&space, 1, index)).collect();
    let words: Vec<String> = opening
        .iter()
        .map(|plan| {
            let (id, fault) = plan.faults().next().unwrap();
            let load = if meets(plan, id) { "loaded" } else { "idle" };
            format!("{} {} {load}", fault.backend, fault.kind.name())
        })
        .collect();
    // The kill that strikes one request is one under load here.
    let mut expected = vec!["ray kill loaded".to_owned(), "redis kill loaded".to_owned()];
    for (backend, kinds) in [
        ("ray", &["kill", "stop", "pause", "rapid", "cut"][..]),
        ("redis", &["kill", "pause"]),
    ] {
        for kind in kinds {
            expected.push(format!("{backend} {kind} idle"));
            expected.push(format!("{backend} {kind} loaded"));
        }
    }
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words
    };
    assert_eq!(sorted(words), sorted(expected));
    for (index, first) in (0..).zip(&opening) {
        assert_eq!(space.fits(first), Ok(()), "{first}");
        assert_eq!(plan(&space, 2, index).steps, first.steps);
        let is_beyond = |(_, fault): (&StepId, &Fault)| fault.outage_ms == 12_000;
        let is_freeze = |(_, fault): (&StepId, &Fault)| fault.kind == FaultKind::Pause;
        assert!(
            !first.faults().any(is_freeze) || first.faults().any(is_beyond),
            "{first}"
        );
    }
    assert!(some_plans(&space, OPENING + 1).last().unwrap().steps != opening[0].steps);
}

#[test]
fn the_opening_fits_a_space_that_allows_little() {
    let bounds = Bounds {
        steps: 1..=1,
        requests: 1..=1,
        concurrency: 1..=1,
        outage_ms: 5..=9,
        max_offset_ms: 0,
        max_plan_ms: 10,
        ..Bounds::default()
    };
    let space = space_with(bounds);
    for index in 0..OPENING {
        let first = plan(&space, 1, index);
        assert_eq!(space.fits(&first), Ok(()), "{first}");
        assert_eq!(first.steps.len(), 1, "{first}");
    }
}

#[test]
fn short_plans_come_first() {
    let space = space();
    let steps = |from: u64| {
        let plans = (0..40).flat_map(|seed| (from..from + 5).map(move |index| (seed, index)));
        let steps = plans.map(|(seed, index)| plan(&space, seed, OPENING + index).steps.len());
        steps.sum::<usize>()
    };
    let (first, later) = (steps(0), steps(40));
    assert!(first * 3 < later * 2, "{first} steps, later {later}");
}

/// What adds up over reconnects needs several, each after the API is back from the one before.
#[test]
fn one_plan_in_fifteen_does_a_fault_three_times_and_lets_the_api_settle_in_between() {
    let settles = |step: &Step| match &step.anchor {
        Anchor::Ready { offset_ms, .. } => *offset_ms >= 1_000,
        _ => false,
    };
    let again = |plan: &Plan| {
        let faults = plan.steps.iter();
        let faults = faults.filter(|step| matches!(step.action, Action::Fault(_)));
        faults.filter(|step| settles(step)).count() >= 2
    };
    let plans = some_plans(&space(), 600).filter(again).count();
    assert!(plans >= 40, "{plans} of 600");
}

/// The decades of 1 ms to 45 s: none is rare. Budgets and rapid restarts shorten some, so the shares are not equal.
#[test]
fn outages_of_every_order_of_magnitude_are_drawn() {
    let mut decades = [0_u32; 5];
    for plan in some_plans(&space(), 1_000) {
        for (_, Fault { outage_ms, .. }) in plan.faults() {
            decades[outage_ms.ilog10() as usize] += 1;
        }
    }
    let total: u32 = decades.iter().sum();
    // The last decade, 10 to 45 s, is two thirds of one.
    assert!(
        decades.iter().all(|count| *count > total / 15),
        "{decades:?}"
    );
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let counts = || (1..30_u32, 0..30_u32).prop_map(|(least, more)| least..=least + more);
    let factor = prop_oneof![Just(1.0), Just(0.01), 0.001..10.0];
    (counts(), counts(), 1..5_u32, factor).prop_map(|(requests, concurrency, steps, factor)| {
        Bounds {
            requests,
            concurrency,
            steps: steps..=2 * steps,
            ..Bounds::default()
        }
        .scaled(factor)
    })
}

proptest! {
    #[test]
    fn every_plan_fits_its_space_and_names_only_earlier_steps(
        (space, plan) in bounds().prop_map(space_with).prop_flat_map(|space| (Just(space.clone()), plans(&space)))
    ) {
        prop_assert_eq!(space.fits(&plan), Ok(()));
        prop_assert!(plan.steps.len() >= *space.bounds().steps.start() as usize);
        for (position, Step { anchor, .. }) in plan.steps.iter().enumerate() {
            if let Some(awaited) = anchor.awaits() {
                prop_assert!(plan.steps[..position].iter().any(|step| &step.id == awaited), "{}", plan);
            }
        }
    }

    #[test]
    fn every_plan_survives_json(plan in plans(&space())) {
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }

    #[test]
    fn no_plan_waits_longer_than_its_budget(plan in plans(&space_with(Bounds { max_plan_ms: 10_000, ..Bounds::default() }))) {
        let ms = |step: &Step| step.anchor.offset_ms() + match &step.action {
            Action::Wait(wait) => wait.wait_ms,
            Action::Burst(_) => 0,
            Action::Fault(Fault { kind, outage_ms, .. }) => match kind {
                FaultKind::Rapid { restarts, gap_ms } => u64::from(*restarts) * (outage_ms + gap_ms),
                FaultKind::Stop { grace_ms } => grace_ms + outage_ms,
                _ => *outage_ms,
            },
        };
        // An outage or a wait of one millisecond cannot be shortened: what those last comes on top.
        let least_ms = |step: &Step| match &step.action {
            Action::Fault(Fault { kind: FaultKind::Rapid { restarts, .. }, outage_ms: 1, .. }) => u64::from(*restarts),
            Action::Fault(Fault { outage_ms: 1, .. }) | Action::Wait(Wait { wait_ms: 1 }) => 1,
            _ => 0,
        };
        let most_ms = 10_000 + plan.steps.iter().map(least_ms).sum::<u64>();
        prop_assert!(plan.steps.iter().map(ms).sum::<u64>() <= most_ms, "{}", plan);
    }
}

#[test]
fn a_space_without_plans_is_refused() {
    let no_backend = Space::new(vec![], mix(), vec![], Bounds::default());
    assert_eq!(no_backend, Err(SpaceError::NoBackend));

    let idle = BackendSpace {
        name: "ray".to_owned(),
        faults: vec![],
    };
    let no_fault = Space::new(vec![idle], mix(), vec![], Bounds::default());
    assert_eq!(no_fault, Err(SpaceError::NoFault("ray".to_owned())));

    let silent = Mix::from([("read".to_owned(), 0)]);
    let no_kind = Space::new(backends(), silent, vec![], Bounds::default());
    assert_eq!(no_kind, Err(SpaceError::NoRequestKind));

    let (shortest, longest) = (9, 5);
    let inverted = Bounds {
        outage_ms: shortest..=longest,
        ..Bounds::default()
    };
    let no_outage = Space::new(backends(), mix(), vec![], inverted);
    assert!(
        matches!(
            no_outage,
            Err(SpaceError::Bound {
                bound: "max-outage",
                ..
            })
        ),
        "{no_outage:?}"
    );

    let pattern = Space::new(backends(), mix(), vec!["(".to_owned()], Bounds::default());
    assert!(
        matches!(pattern, Err(SpaceError::LogAnchor { .. })),
        "{pattern:?}"
    );
}
