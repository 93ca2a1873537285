//! The catalogue, shrunk in the simulator.

use std::time::Duration;

use comeback::app::Variant;
use comeback::campaign::{
    Interrupt, ShrinkBudget, Shrinking, Shrunken, StackHandle, Stacks, Unseen,
};
use comeback::demo;
use comeback::generator;
use comeback::model::Verdict;
use comeback::trace::Trace;
use comeback::watched;

use super::exhaustive::fewer_steps;
use super::explanations::{self, Checked, Effort, Score};
use super::side_by_side::side_by_side;
use crate::trial;

const EFFORT: Effort = Effort {
    tries: 10,
    values: 24,
};

/// What shrinking made of one failure.
struct Result {
    from: usize,
    to: usize,
    /// The least number of steps.
    minimum: usize,
    runs: u64,
    guard_runs: u64,
    finished: bool,
    checked: Checked,
}

/// Says of each bug how close to its minimum it was shrunk.
pub fn shrinking(bugs: &[Variant], seeds: u64, plans: u64) -> anyhow::Result<()> {
    println!(
        "| bug | shrunk | at the minimum | within one step | steps before, median | after | runs, median | most | guard's, median | needed right | without them never | other faults right | boundaries: a boundary inside | none outside |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut all = Checked::default();
    for bug in bugs {
        let handle = demo::simulated(*bug)?;
        let results = side_by_side(seeds, |seed| one(&handle, seed + 1, plans));
        let results: Vec<Result> = results.into_iter().flatten().collect();
        let count = |of: &dyn Fn(&Result) -> bool| results.iter().filter(|r| of(r)).count();
        let median = |of: &dyn Fn(&Result) -> u64| {
            let mut numbers: Vec<u64> = results.iter().map(of).collect();
            numbers.sort_unstable();
            numbers.get(numbers.len() / 2).copied().unwrap_or(0)
        };
        let mut checked = Checked::default();
        for result in &results {
            checked.add(result.checked.clone());
        }
        println!(
            "| `{}` | {} of {seeds} | {} | {} | {} | {} | {} | {} | {} | {} |",
            bug.name(),
            count(&|r| r.finished),
            count(&|r| r.to <= r.minimum),
            count(&|r| r.to <= r.minimum + 1),
            median(&|r| r.from as u64),
            median(&|r| r.to as u64),
            median(&|r| r.runs),
            results.iter().map(|r| r.runs).max().unwrap_or(0),
            median(&|r| r.guard_runs),
            scores(&checked),
        );
        for wrong in &checked.wrong {
            eprintln!("{}: {wrong}", bug.name());
        }
        all.add(checked);
    }
    println!("\nAll: | {} |", scores(&all));
    Ok(())
}

/// The scores of an explanation's claims, as cells of a table.
fn scores(checked: &Checked) -> String {
    let cell = |score: Score| format!("{} of {}", score.right, score.of);
    let Checked {
        needed,
        never,
        alternatives,
        ends,
        boundaries,
        ..
    } = checked;
    [*needed, *never, *alternatives, *ends, *boundaries]
        .map(cell)
        .join(" | ")
}

fn one(handle: &StackHandle, seed: u64, plans: u64) -> Option<Result> {
    let found = find(handle, seed, plans)?;
    let shrunk = shrink(handle, &found);
    let to = shrunk.history.to_steps;
    let failure = found.judgement.as_ref()?.signature.as_ref()?;
    let checked = explanations::check(
        handle,
        failure,
        &shrunk.trace.plan,
        &shrunk.explanation,
        EFFORT,
    );
    Some(Result {
        from: shrunk.history.from_steps,
        to,
        minimum: fewer_steps(handle, &found, to).unwrap_or(to),
        runs: shrunk.history.runs,
        guard_runs: shrunk.history.guard_runs,
        finished: shrunk.history.finished,
        checked,
    })
}

fn find(handle: &StackHandle, seed: u64, plans: u64) -> Option<Trace> {
    let trials = (0..plans).map(|index| {
        let plan = generator::plan(&handle.space, seed, index);
        trial::simulated(handle, &plan, 0)
    });
    let violated = |trace: &Trace| {
        let judgement = trace.judgement.as_ref();
        judgement.is_some_and(|judgement| judgement.verdict == Verdict::Violated)
    };
    let mut violations = trials.filter(violated);
    violations.next()
}

fn shrink(handle: &StackHandle, found: &Trace) -> Shrunken {
    let folder = tempfile::tempdir().expect("a folder for the traces");
    let kept = folder.path().join("kept.jsonl");
    found.write(&kept).expect("the trace can be written");
    let budget = ShrinkBudget {
        runs: 2_000,
        within: Duration::from_secs(600),
        shared: None,
    };
    let (_, never) = watched::channel(false);
    let interrupt = Interrupt::new(never);
    let shrinking = Shrinking {
        kept: &kept,
        folder: folder.path(),
        budget,
    };
    let stacks = Stacks::new(handle, []);
    let shrunk = stacks.shrink(found, shrinking, &interrupt, &Unseen);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let shrunk = runtime.block_on(shrunk).expect("every trial is executed");
    shrunk.expect("the trace has failed")
}
