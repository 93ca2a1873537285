//! The catalogue live on a busy machine: what is still decided, and what is decided wrongly.

use std::fs;
use std::process::{Child, Command, Stdio};

use comeback::app::Variant;

use super::live::run;

/// How many busy loops there are beside the trials, and how nice they are.
const LOADS: [(u32, u32); 7] = [(0, 0), (2, 0), (2, 19), (8, 0), (8, 19), (32, 0), (32, 19)];

/// Busy loops that end with this value.
struct Loops(Vec<Child>);

impl Loops {
    fn new(count: u32, nice: u32) -> anyhow::Result<Self> {
        let mut loops = Loops(Vec::new());
        for _ in 0..count {
            let mut command = Command::new("nice");
            command.args(["-n", &nice.to_string(), "sh", "-c", "while :; do :; done"]);
            loops.0.push(command.stdin(Stdio::null()).spawn()?);
        }
        Ok(loops)
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has gone already is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What came of some campaigns.
#[derive(Default)]
struct Count {
    plans: u64,
    undecided: u64,
    doubted: u64,
    found: u64,
    campaigns: u64,
}

impl Count {
    fn add(&mut self, variant: Variant, plans: u64) -> anyhow::Result<()> {
        let summary = run(variant, 1, plans)?;
        let number = |name: &str| summary[name].as_u64().unwrap_or_default();
        let list = |name: &str| summary[name].as_array().map_or(0, Vec::len) as u64;
        self.plans += number("plans_executed");
        self.undecided += number("inconclusive");
        self.doubted += list("doubted");
        self.found += u64::from(list("failures") > 0);
        self.campaigns += 1;
        if variant.is_correct() && list("failures") > 0 {
            eprintln!("{}: {:#}", variant.name(), summary["failures"]);
        }
        Ok(())
    }
}

/// Tries each variant beside each load. The machine's load is told, for whatever else runs there counts, too.
pub fn table(bugs: &[Variant], correct: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!(
        "| busy loops | nice | load | bugs found | bugs' trials decided | doubted | correct trials | decided | wrong |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (count, nice) in LOADS {
        let loops = Loops::new(count, nice)?;
        let (mut faulty, mut sound) = (Count::default(), Count::default());
        for variant in bugs {
            faulty.add(*variant, plans)?;
        }
        for variant in correct {
            sound.add(*variant, plans)?;
        }
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or("?").to_owned();
        drop(loops);
        let decided =
            |count: &Count| format!("{} of {}", count.plans - count.undecided, count.plans);
        println!(
            "| {count} | {nice} | {load} | {} of {} | {} | {} | {} | {} | {} |",
            faulty.found,
            faulty.campaigns,
            decided(&faulty),
            faulty.doubted,
            sound.plans,
            decided(&sound),
            sound.found
        );
    }
    Ok(())
}
