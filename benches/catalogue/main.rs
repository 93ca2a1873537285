//! What comeback finds of the demo's catalogue, and what it wrongly accuses.
//!
//! `cargo bench --bench catalogue` measures in the simulator: for each bug, over twenty seeds, how often it is found within three hundred plans
//! and after how many; what the correct variants are accused of, also where their recovery may take only half as long again as it does; and how many trials a second that were. With `-- --live` each is tried on
//! the demo's real processes, the correct ones with every core loaded, and `-- --busy 4` tells what of both is decided, and wrongly, beside busy
//! loops. `-- --help` tells the rest.

mod busy;
mod live;
#[path = "../common/side_by_side.rs"]
mod side_by_side;
mod simulated;
#[path = "../../tests/support/trial.rs"]
mod trial;

use clap::Parser;
use comeback::app::Variant;

/// What is measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// Variants to try; all without any
    variants: Vec<String>,
    /// Seeds for each bug
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Plans within which a bug is to be found
    #[arg(long, default_value_t = 300)]
    plans: u64,
    /// Plans that the correct variants are to survive, in all (500 with --live)
    #[arg(long)]
    correct_plans: Option<u64>,
    /// Use the demo's real processes, one seed for each bug, and load every core while the correct variants are tried
    #[arg(long)]
    live: bool,
    /// Use the demo's real processes beside 0, 2, 8 and 32 busy loops at nice 0 and 19, with so many plans for each variant
    #[arg(long, value_name = "PLANS", conflicts_with = "live")]
    busy: Option<u64>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn variants(&self, correct: bool) -> Vec<Variant> {
        let asked = |variant: &Variant| {
            self.variants.is_empty() || self.variants.iter().any(|name| name == variant.name())
        };
        let all = Variant::ALL.iter().copied();
        all.filter(|variant| variant.is_correct() == correct && asked(variant))
            .collect()
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (bugs, correct) = (arguments.variants(false), arguments.variants(true));
    if let Some(plans) = arguments.busy {
        busy::table(&bugs, &correct, plans)
    } else if arguments.live {
        let plans = arguments.correct_plans.unwrap_or(500);
        live::detection(&bugs, arguments.plans)?;
        live::false_alarms(&correct, plans)
    } else {
        let plans = arguments.correct_plans.unwrap_or(5_000);
        simulated::detection(&bugs, arguments.seeds, arguments.plans)?;
        simulated::load(arguments.seeds, 60)?;
        simulated::false_alarms(&correct, plans)?;
        simulated::tight_recovery(&correct, plans)
    }
}
