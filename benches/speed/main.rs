//! How fast trials, load, schedule, simulator and reading are, how true latencies, and how much
//! memory a long load takes, each beside a peer or a minimal loop in the same run.
//!
//! `cargo bench --bench speed` measures all, `-- trial load` some. Both sides run in turn (A B A
//! B), on loopback, and the median of at least seven repeats is printed with its spread. `-- --help`
//! tells the rest.

mod docker;
mod kill;
mod load;
#[path = "../../tests/support/long_trace.rs"]
mod long_trace;
mod looks;
mod memory;
mod processor;
#[path = "../common/random_campaign.rs"]
mod random_campaign;
mod reading;
mod repeats;
mod schedule;
mod server;
mod service;
mod simulator;
mod trial;
mod truth;

use clap::Parser;

/// What is measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure: trial, docker, looks, processor, load, schedule, truth, memory, simulator,
    /// reading; all without any
    names: Vec<String>,
    /// How often each side is run
    #[arg(long, default_value_t = 7)]
    repeats: usize,
    /// Measure little: only whether it works
    #[arg(long)]
    brief: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    repeats: usize,
    brief: bool,
}

/// Something that is measured, and its name.
type Measurement = (&'static str, fn(Effort) -> anyhow::Result<()>);

const MEASUREMENTS: [Measurement; 10] = [
    ("trial", trial::measure),
    ("docker", docker::measure),
    ("looks", looks::measure),
    ("processor", processor::measure),
    ("load", load::measure),
    ("schedule", schedule::measure),
    ("truth", truth::measure),
    ("memory", memory::measure),
    ("simulator", simulator::measure),
    ("reading", reading::measure),
];

fn main() -> anyhow::Result<()> {
    if service::is_asked() {
        return service::serve();
    }
    // reqwest asks for one, even where no TLS is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let effort = Effort {
        repeats: if arguments.brief {
            1
        } else {
            arguments.repeats
        },
        brief: arguments.brief,
    };
    let names = &arguments.names;
    let asked = MEASUREMENTS
        .iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|asked| asked == name));
    for (name, measure) in asked {
        println!("\n## {name} (load {})\n", repeats::load()?);
        measure(effort)?;
    }
    Ok(())
}
