//! Simulated trials, on one core and on all, beside a loop that only draws the plans.

use std::collections::BTreeSet;
use std::iter::repeat_n;
use std::thread;
use std::time::Instant;

use comeback::app::Variant;
use comeback::campaign::{Interrupt, Stacks, Unseen};
use comeback::{demo, generator, watched};
use tokio::runtime::Runtime;

use crate::random_campaign::random_campaign;
use crate::{Effort, repeats};

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let trials = if effort.brief { 20 } else { 600 };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    repeats::head("plans only drawn");
    for jobs in BTreeSet::from([1, cores]) {
        let rates = repeats::in_turn(effort.repeats, || simulated(trials, jobs), || drawn(trials))?;
        repeats::row(&format!("healthy demo, {jobs} at once"), "trials/s", &rates);
    }
    Ok(())
}

/// Trials per second of a campaign.
fn simulated(trials: u64, jobs: usize) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let campaign = random_campaign(trials, folder.path());
    let handle = demo::simulated(Variant::Healthy)?;
    let (_never, interrupt) = watched::channel(false);
    let stacks = Stacks::new(&handle, repeat_n(&handle, jobs - 1));
    let runtime = Runtime::new()?;
    let began = Instant::now();
    let interrupt = Interrupt::new(interrupt);
    let summary = runtime.block_on(campaign.run(&stacks, &interrupt, &Unseen))?;
    Ok(summary.plans_executed as f64 / began.elapsed().as_secs_f64())
}

/// Plans per second that are drawn.
fn drawn(trials: u64) -> anyhow::Result<f64> {
    let handle = demo::simulated(Variant::Healthy)?;
    let began = Instant::now();
    let steps: usize = (0..trials)
        .map(|index| generator::plan(&handle.space, 1, index).steps.len())
        .sum();
    anyhow::ensure!(steps > 0, "no plan has a step");
    Ok(trials as f64 / began.elapsed().as_secs_f64())
}
