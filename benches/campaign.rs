//! What memory a long campaign takes: thousands of simulated trials of about a thousand requests each, and the report at its end.
//!
//! `cargo bench --bench campaign [-- TRIALS]`

#[path = "common/random_campaign.rs"]
mod random_campaign;

use std::iter::repeat_n;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use comeback::app::Variant;
use comeback::campaign::{Audience, Interrupt, StackHandle, Stacks};
use comeback::demo;
use comeback::executor::Executor;
use comeback::generator::{BackendSpace, Bounds, Space};
use comeback::model::{FaultName, Judgement, Mix, Plan, Regressed};
use comeback::report::Report;
use comeback::trace::Recorder;
use comeback::watched;

use random_campaign::random_campaign;

/// So often the memory is looked at.
const LOOKS: u64 = 10;

fn main() {
    let trials = std::env::args().filter_map(|word| word.parse().ok()).next();
    let trials: u64 = trials.unwrap_or(10_000);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let campaign = random_campaign(trials, folder.path());
    let handle = handle();
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let looks = Looks {
        every: trials.div_ceil(LOOKS),
        ended: AtomicU64::new(0),
    };
    let (_never, interrupt) = watched::channel(false);
    let interrupt = Interrupt::new(interrupt);
    let stacks = Stacks::new(&handle, repeat_n(&handle, jobs - 1));

    println!("after     memory (resident, MiB)");
    let began = Instant::now();
    let runtime = tokio::runtime::Runtime::new().expect("there is a runtime");
    let summary = runtime.block_on(campaign.run(&stacks, &interrupt, &looks));
    let summary = summary.expect("the campaign comes to its end");
    let took_s = began.elapsed().as_secs_f64();
    let requests: u64 = summary.latency.iter().map(|row| row.latency.count).sum();
    println!(
        "{} trials and {:.1} million requests in {took_s:.0} s, {jobs} at once: {}",
        summary.plans_executed,
        requests as f64 / 1e6,
        summary.verdict
    );
    for reason in &summary.inconclusive_reasons {
        println!("inconclusive: {reason}");
    }
    let report = Report::of_run(summary.run.as_ref()).expect("the run can be read");
    println!("report    {:.0}: {}", resident_mib(), report.sentence());
}

/// The healthy demo, simulated, with many requests in each plan.
fn handle() -> StackHandle {
    let handle = demo::simulated(Variant::Healthy).expect("the demo is sound");
    let bounds = Bounds {
        steps: 3..=5,
        requests: 350..=700,
        max_plan_ms: 60_000,
        ..handle.space.bounds().clone()
    };
    let backends = vec![BackendSpace {
        name: demo::BACKEND.to_owned(),
        faults: FaultName::OF_SERVICES.to_vec(),
    }];
    let mix: Mix = demo::kinds()
        .into_iter()
        .map(|kind| (kind.name, kind.weight))
        .collect();
    StackHandle {
        space: Space::new(backends, mix, Vec::new(), bounds).expect("the bounds are sound"),
        ..handle
    }
}

/// Looks at this process's memory now and then.
struct Looks {
    every: u64,
    ended: AtomicU64,
}

impl Audience for Looks {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}

    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {
        let ended = 1 + self.ended.fetch_add(1, Ordering::Relaxed);
        if ended.is_multiple_of(self.every) {
            println!("{ended:<9} {:.0}", resident_mib());
        }
    }

    fn reused(&self, _told: &Regressed) {}
    fn shrinking(&self, _so_far: &comeback::campaign::ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}
}

fn resident_mib() -> f64 {
    let status = procfs::process::Process::myself().and_then(|process| process.status());
    let kib = status.ok().and_then(|status| status.vmrss);
    kib.unwrap_or(0) as f64 / 1024.0
}
