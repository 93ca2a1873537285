//! How many runs shrinking takes where failures are flaky, beside its peers.
//!
//! `cargo bench --bench shrink` shrinks simulated failures: each is a rule that says of a set of steps how often it fails. Every run after
//! the discovery counts. Comeback is told nothing of the failure; the others run a plan again where it passed, and are told its true rate,
//! so that a plan which fails is taken for one that passes less than once in fifty times. `-- --help` tells the rest.

mod by_proptest;
mod cases;
mod ddmin;
mod oracle;
mod ours;
mod outcome;
mod probdd;
mod retried;
#[path = "../common/side_by_side.rs"]
mod side_by_side;

use clap::Parser;

use cases::Case;
use oracle::Oracle;
use outcome::{Average, Outcome};
use retried::Retried;
use side_by_side::side_by_side;

/// What is measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// Failures to try, by a part of their name; all without any
    names: Vec<String>,
    /// Seeds for each failure
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Leave the peers out
    #[arg(long)]
    alone: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A shrinker: a failure and a seed come in.
type Shrinker = fn(Oracle, u64) -> Outcome;

const SHRINKERS: [(&str, Shrinker); 5] = [
    ("comeback", ours::shrink),
    ("ProbDD, retries", |oracle, _| probdd::shrink(oracle)),
    ("ddmin, retries", |oracle, _| ddmin::shrink(oracle)),
    ("proptest, retries", |oracle, seed| {
        by_proptest::shrink(Retried::new(oracle), seed)
    }),
    ("proptest, bare", |oracle, seed| {
        by_proptest::shrink(Retried::bare(oracle), seed)
    }),
];

fn main() {
    let arguments = Arguments::parse();
    let asked = |case: &Case| {
        let names = &arguments.names;
        names.is_empty() || names.iter().any(|name| case.name.contains(name.as_str()))
    };
    let shrinkers = match arguments.alone {
        true => &SHRINKERS[..1],
        false => &SHRINKERS[..],
    };
    println!("Runs + the guard's runs · steps left · share minimal · rate of what is left.\n");
    print!("| failure | steps, needed | p |");
    shrinkers.iter().for_each(|(name, _)| print!(" {name} |"));
    println!(" comeback: below half of the rate, most runs |");
    println!("|---|---|---|{}---|", "---|".repeat(shrinkers.len()));
    for case in cases::all().into_iter().filter(asked) {
        let family = case.family;
        print!("| {} | {}, {} |", case.name, family.count, family.needed);
        print!(" {} |", family.rate);
        let averages: Vec<Average> = shrinkers
            .iter()
            .map(|(_, shrink)| {
                let outcomes = side_by_side(arguments.seeds, |seed| {
                    shrink(Oracle::new(family, seed), seed)
                });
                Average::of(&outcomes)
            })
            .collect();
        averages.iter().for_each(|average| print!(" {average} |"));
        let ours = averages[0];
        println!(" {:.1} %, {} |", 100.0 * ours.below_half, ours.most_runs);
    }
}
