//! Reading and judging a long trace again, beside a loop that only parses its lines.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::{Effort, long_trace, repeats};

/// Events of the trace. Two requests have eleven.
const EVENTS: u64 = 1_200_000;

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace.jsonl");
    let events = if effort.brief { EVENTS / 100 } else { EVENTS };
    long_trace::write(&trace, events * 2 / 11)?;
    let mut most_mib: f64 = 0.0;
    let both = repeats::in_turn(
        effort.repeats,
        || {
            let (took_s, memory_mib) = check(&trace)?;
            most_mib = most_mib.max(memory_mib);
            Ok(took_s)
        },
        || parse(&trace),
    )?;
    repeats::head("parsing only");
    repeats::row(&format!("`check` of {events} events"), "s", &both);
    println!("\n`check` takes {most_mib:.0} MiB at most.");
    Ok(())
}

/// How long `comeback check` takes, and the most memory that it holds.
fn check(trace: &Path) -> anyhow::Result<(f64, f64)> {
    let began = Instant::now();
    // `time` tells the most memory that a program held, in KiB.
    let output = Command::new("/usr/bin/time")
        .args([
            "-f",
            "%M",
            env!("CARGO_BIN_EXE_comeback"),
            "check",
            "--quiet",
        ])
        .arg(trace)
        .output()
        .context("cannot run /usr/bin/time")?;
    let took_s = began.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    let kib = said.lines().rev().find_map(|line| line.trim().parse().ok());
    let kib: f64 = kib.with_context(|| said.into_owned())?;
    Ok((took_s, kib / 1_024.0))
}

/// How long it takes to parse every line and to keep nothing.
fn parse(trace: &Path) -> anyhow::Result<f64> {
    let began = Instant::now();
    for line in BufReader::new(File::open(trace)?).lines() {
        serde_json::from_str::<serde_json::Value>(&line?)?;
    }
    Ok(began.elapsed().as_secs_f64())
}
