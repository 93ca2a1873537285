//! Reading and judging a long trace again, beside a loop that only parses its lines.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use procfs::process::Process;

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

/// How long `comeback check` takes, and the most memory that it holds, as seen each millisecond.
fn check(trace: &Path) -> anyhow::Result<(f64, f64)> {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_comeback"))
        .args(["check", "--quiet"])
        .arg(trace)
        .stdout(Stdio::null())
        .spawn()?;
    let process = Process::new(i32::try_from(child.id())?)?;
    let mut most_kib = 0;
    let status = loop {
        let held = process.status().ok().and_then(|status| status.vmhwm);
        most_kib = most_kib.max(held.unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(1));
    };
    // The trace shows jobs that never finish.
    ensure!(status.code() == Some(1), "it ended with {status}");
    Ok((began.elapsed().as_secs_f64(), most_kib as f64 / 1_024.0))
}

/// How long it takes to parse every line and to keep nothing.
fn parse(trace: &Path) -> anyhow::Result<f64> {
    let began = Instant::now();
    for line in BufReader::new(File::open(trace)?).lines() {
        serde_json::from_str::<serde_json::Value>(&line?)?;
    }
    Ok(began.elapsed().as_secs_f64())
}
