//! How close shrinking comes to the minimum, for each bug of the demo's catalogue.
//!
//! `cargo bench --bench minimum` finds each bug in the simulator, over twenty seeds, shrinks it,
//! and then looks for a smaller plan by removing steps exhaustively: every set of steps that leaves
//! fewer than the shrunk plan has is tried, and tried again where the bug is flaky. Every claim of
//! the explanations is checked, too: the plan without each needed step, with the other faults, and
//! with values below and above each boundary. With `-- --live` each bug is found and shrunk once on
//! the demo's real processes instead. `-- --help` tells the rest.

mod exhaustive;
mod explanations;
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
    /// Bugs to try; all without any
    variants: Vec<String>,
    /// Seeds for each bug
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Plans within which a bug is to be found
    #[arg(long, default_value_t = 300)]
    plans: u64,
    /// Use the demo's real processes, and one seed for each bug
    #[arg(long)]
    live: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let asked = |bug: &Variant| {
        let names = &arguments.variants;
        names.is_empty() || names.iter().any(|name| name == bug.name())
    };
    let bugs = Variant::ALL.iter().copied().filter(|bug| !bug.is_correct());
    let bugs: Vec<Variant> = bugs.filter(asked).collect();
    match arguments.live {
        true => live::shrinking(&bugs, arguments.plans),
        false => simulated::shrinking(&bugs, arguments.seeds, arguments.plans),
    }
}
