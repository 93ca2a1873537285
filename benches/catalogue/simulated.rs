//! The catalogue in the simulator.

use std::collections::BTreeMap;
use std::time::Instant;

use comeback::app::Variant;
use comeback::campaign::StackHandle;
use comeback::demo;
use comeback::generator;
use comeback::model::{Figure, Judgement, Tested, Verdict};
use comeback::trace::{Trace, tested};

use super::side_by_side::side_by_side;
use crate::trial;

/// A violation: after how many plans, after how long on the simulator's clock, and of what.
struct Found {
    plans: u64,
    seconds: f64,
    invariant: String,
}

/// Says of each bug how often it is found, and after how many plans.
pub fn detection(bugs: &[Variant], seeds: u64, plans: u64) -> anyhow::Result<()> {
    println!(
        "| bug | found | plans, median | plans, most | seconds, median | blamed on | as declared |"
    );
    println!("|---|---|---|---|---|---|---|");
    let (began, mut trials) = (Instant::now(), 0);
    let (mut all_plans, mut all_seconds) = (Vec::new(), Vec::new());
    for bug in bugs {
        let handle = demo::simulated(*bug)?;
        let tries = side_by_side(seeds, |seed| find(&handle, seed + 1, plans));
        trials += tries
            .iter()
            .map(|found| found.as_ref().map_or(plans, |found| found.plans))
            .sum::<u64>();
        let found: Vec<&Found> = tries.iter().flatten().collect();
        let mut counts: Vec<u64> = found.iter().map(|found| found.plans).collect();
        counts.sort_unstable();
        let mut seconds: Vec<f64> = found.iter().map(|found| found.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        all_plans.extend(&counts);
        all_seconds.extend(&seconds);
        let mut blamed: BTreeMap<&str, u64> = BTreeMap::new();
        for found in &found {
            *blamed.entry(&found.invariant).or_default() += 1;
        }
        let declared = found
            .iter()
            .filter(|found| bug.caught_by().contains(&found.invariant.as_str()));
        let words = blamed.iter().map(|(name, n)| format!("`{name}` {n}"));
        println!(
            "| `{}` | {} of {seeds} | {} | {} | {:.1} | {} | {} of {} |",
            bug.name(),
            found.len(),
            counts.get(counts.len() / 2).unwrap_or(&0),
            counts.last().unwrap_or(&0),
            seconds.get(seconds.len() / 2).unwrap_or(&0.0),
            words.collect::<Vec<_>>().join(", "),
            declared.count(),
            found.len(),
        );
    }
    all_plans.sort_unstable();
    all_seconds.sort_by(f64::total_cmp);
    println!(
        "\nover all bugs and seeds: {} plans and {:.1} virtual seconds in the median",
        all_plans.get(all_plans.len() / 2).unwrap_or(&0),
        all_seconds.get(all_seconds.len() / 2).unwrap_or(&0.0)
    );
    rate(trials, began);
    Ok(())
}

/// Says how often load meets outages in the plans of the healthy variant, whatever its seed.
pub fn load(seeds: u64, plans: u64) -> anyhow::Result<()> {
    let handle = demo::simulated(Variant::Healthy)?;
    println!(
        "| plans of a campaign | outages met by load | plans with load in every outage | virtual seconds a plan |"
    );
    println!("|---|---|---|---|");
    // The opening of the demo, and what is drawn after it.
    for (first, last) in [(0, 13), (13, plans.max(14))] {
        let traces = side_by_side(seeds, |seed| {
            let trials = (first..last).map(|index| trace(&handle, seed + 1, index));
            trials
                .map(|trace| (tested(&trace), seconds(&trace)))
                .collect::<Vec<_>>()
        });
        let all: Vec<_> = traces.into_iter().flatten().collect();
        let sum = |of: fn(&Tested) -> u64| all.iter().map(|(tested, _)| of(tested)).sum::<u64>();
        let met = all
            .iter()
            .filter(|(tested, _)| tested.outages_met() == tested.faults_done())
            .count();
        let count = all.len() as f64;
        println!(
            "| {} to {last} | {:.0} % | {:.0} % | {:.1} |",
            first + 1,
            100.0 * sum(Tested::outages_met) as f64 / sum(Tested::faults_done) as f64,
            100.0 * met as f64 / count,
            all.iter().map(|(_, seconds)| seconds).sum::<f64>() / count
        );
    }
    println!();
    Ok(())
}

/// Says what the correct variants are accused of.
pub fn false_alarms(correct: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!("| correct variant | trials | violated | inconclusive |");
    println!("|---|---|---|---|");
    let each = plans.div_ceil(correct.len().max(1) as u64);
    let (began, mut trials) = (Instant::now(), 0);
    for variant in correct {
        let handle = demo::simulated(*variant)?;
        let judgements = side_by_side(each, |index| trial(&handle, 1, index));
        trials += each;
        let of = |verdict| judgements.iter().filter(move |j| j.verdict == verdict);
        let (violated, inconclusive) = (of(Verdict::Violated), of(Verdict::Inconclusive));
        println!(
            "| `{}` | {each} | {} | {} |",
            variant.name(),
            violated.clone().count(),
            inconclusive.clone().count()
        );
        for judgement in violated.chain(inconclusive) {
            eprintln!("{}: {}", variant.name(), words(judgement));
        }
    }
    rate(trials, began);
    Ok(())
}

/// Plans by which a variant's own recovery time is measured.
const MEASURED: u64 = 200;

/// Says what the correct variants are accused of where a recovery may take half as long again as their own does, whatever the
/// plan.
pub fn tight_recovery(correct: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!("| correct variant | its own recovery | trials | violated | inconclusive |");
    println!("|---|---|---|---|---|");
    let each = plans.div_ceil(correct.len().max(1) as u64);
    let (began, mut trials) = (Instant::now(), 0);
    for variant in correct {
        let mut handle = demo::simulated(*variant)?;
        let own_ms = side_by_side(MEASURED, |index| slowest_ms(&trial(&handle, 7, index)));
        let own_ms = own_ms.into_iter().fold(0.0, f64::max);
        handle.executor.limits.recovery_ms = (1.5 * own_ms).ceil() as u64;
        let judgements = side_by_side(each, |index| trial(&handle, 1, index));
        trials += MEASURED + each;
        let count = |verdict| judgements.iter().filter(|j| j.verdict == verdict).count();
        println!(
            "| `{}` | {own_ms:.0} ms | {each} | {} | {} |",
            variant.name(),
            count(Verdict::Violated),
            count(Verdict::Inconclusive)
        );
        for judgement in judgements.iter().filter(|j| j.verdict != Verdict::Holds) {
            eprintln!("{}: {}", variant.name(), words(judgement));
        }
    }
    rate(trials, began);
    Ok(())
}

/// The longest that sustained success took in a trial, in milliseconds of being asked.
fn slowest_ms(judgement: &Judgement) -> f64 {
    let figures = judgement.findings.iter().flat_map(|f| &f.figures);
    let sustained = figures.filter(|figure| figure.name == Figure::SUSTAINED_SUCCESS);
    sustained.map(|figure| figure.value).fold(0.0, f64::max)
}

fn words(judgement: &Judgement) -> String {
    let primary = judgement.primary().map(|finding| finding.message.clone());
    primary.unwrap_or_else(|| judgement.reason())
}

fn find(handle: &StackHandle, seed: u64, plans: u64) -> Option<Found> {
    let mut spent = 0.0;
    (0..plans).find_map(|index| {
        let trace = trace(handle, seed, index);
        spent += seconds(&trace);
        let judgement = trace.judgement.as_ref()?;
        let primary = judgement
            .primary()
            .filter(|_| judgement.verdict == Verdict::Violated)?;
        Some(Found {
            plans: index + 1,
            seconds: spent,
            invariant: primary.invariant.clone(),
        })
    })
}

/// How long a trial took on the simulator's clock.
fn seconds(trace: &Trace) -> f64 {
    trace
        .events
        .last()
        .map_or(0.0, |event| event.at_us as f64 / 1e6)
}

fn trial(handle: &StackHandle, seed: u64, index: u64) -> Judgement {
    let judgement = trace(handle, seed, index).judgement;
    judgement.expect("a trial is judged")
}

fn trace(handle: &StackHandle, seed: u64, index: u64) -> Trace {
    let plan = generator::plan(&handle.space, seed, index);
    trial::simulated(handle, &plan, 0)
}

fn rate(trials: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "\n{trials} trials in {seconds:.0} s: {:.0} a second\n",
        trials as f64 / seconds
    );
}
