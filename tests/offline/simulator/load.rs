//! What plans meet when they are executed, and what a campaign says of it.

use comeback::app::Variant;
use comeback::campaign::{Campaign, PlanSource, StackHandle};
use comeback::demo;
use comeback::generator::{self, BackendSpace, Bounds, Space};
use comeback::model::{FaultName, Mix, Tested, Verdict};
use comeback::trace::tested;
use serde_json::Value;

use super::control;
use crate::support::desk::Desk;
use crate::trial;

/// What a plan of the healthy demo tested.
fn trial(seed: u64, index: u64) -> Tested {
    let handle = demo::simulated(Variant::Healthy).unwrap();
    let plan = generator::plan(&handle.space, seed, index);
    tested(&trial::simulated(&handle, &plan, 0))
}

#[test]
fn load_meets_four_in_five_of_the_outages_of_random_plans() {
    let trials: Vec<Tested> = (0..60).map(|nth| trial(3, 13 + nth)).collect();
    let sum = |of: fn(&Tested) -> u64| trials.iter().map(of).sum::<u64>();
    let (met, done) = (sum(Tested::outages_met), sum(Tested::faults_done));
    assert!(met * 5 >= done * 4, "{met} of {done} outages");
    let idle = trials.iter().filter(|t| t.faults_done() == 0).count();
    assert!(idle * 20 <= trials.len(), "{idle} plans did no fault");
    let all_met = trials.iter().filter(|t| t.outages_met() == t.faults_done());
    let all_met = all_met.count();
    assert!(
        all_met * 5 >= trials.len() * 4,
        "{all_met} of {}",
        trials.len()
    );
}

#[test]
fn a_campaign_says_what_it_tested() {
    let desk = Desk::new();
    let run = desk.run("run --sim --demo healthy --seed 1 --plans 12 --format json");
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let tested = &summary["tested"];
    assert_eq!(tested["trials"], 12, "{tested}");
    for kind in ["kill", "stop", "rapid", "pause", "cut"] {
        assert!(
            tested["faults"][kind]["met"].as_u64() >= Some(1),
            "{tested}"
        );
    }
    assert!(tested["faults"]["pause"]["longest_ms"].as_u64() >= Some(1_200));
    assert!(
        tested["requests_in_outages"].as_u64() >= Some(100),
        "{tested}"
    );
    assert_eq!(tested["judged"]["recovers"], 12, "{tested}");
    assert!(summary["untested"].is_null());
    let told = desk.run("run --sim --demo healthy --seed 1 --plans 12");
    for words in [
        "tested     ",
        "outages met requests",
        "(longest outage 1.2 s)",
    ] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
}

/// One step a plan, and no steady load: every outage passes without a request.
#[tokio::test]
async fn a_campaign_that_tested_nothing_is_inconclusive_and_names_the_key() {
    let desk = Desk::new();
    let backend = BackendSpace {
        name: demo::BACKEND.to_owned(),
        faults: vec![FaultName::Kill, FaultName::Stop],
    };
    let bounds = Bounds {
        steps: 1..=1,
        background: 0.0,
        ..Bounds::default().scaled(0.01)
    };
    let kinds = Mix::from([("job".to_owned(), 1)]);
    let handle = StackHandle {
        space: Space::new(vec![backend], kinds, Vec::new(), bounds).unwrap(),
        ..demo::simulated(Variant::Healthy).unwrap()
    };
    let campaign = Campaign {
        plans: PlanSource::Random(4),
        max_inconclusive: 0.05,
        ..control::campaign(desk.path())
    };
    let summary = control::run(&campaign, &handle).await;
    assert_eq!(summary.tested.faults_done(), 4);
    assert_eq!(summary.verdict, Verdict::Inconclusive);
    let untested = summary.untested.unwrap();
    assert!(
        untested.contains("no request met an outage")
            && untested.contains("`[generator] background`"),
        "{untested}"
    );
}
