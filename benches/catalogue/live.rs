//! The catalogue on the demo's real processes.

use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use comeback::app::Variant;
use serde_json::Value;

/// Says of each bug with which seed it is found live.
pub fn detection(bugs: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!("| bug | seed | plans | seconds | blamed on |");
    println!("|---|---|---|---|---|");
    for bug in bugs {
        for seed in 1..=2 {
            let summary = run(*bug, seed, plans)?;
            let Some(failure) = summary["failures"].get(0) else {
                println!("| `{}` | {seed} | {plans}, not found | | |", bug.name());
                continue;
            };
            println!(
                "| `{}` | {seed} | {} | {:.0} | `{}` |",
                bug.name(),
                summary["plans_executed"],
                summary["elapsed_ms"].as_f64().unwrap_or_default() / 1_000.0,
                failure["invariant"].as_str().unwrap_or_default()
            );
            break;
        }
    }
    println!();
    Ok(())
}

/// Says what the correct variants are accused of while every core is loaded.
pub fn false_alarms(correct: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!("| correct variant | trials | kinds of failure | flaky | inconclusive |");
    println!("|---|---|---|---|---|");
    let each = plans.div_ceil(correct.len().max(1) as u64);
    let over = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut n = 0_u64;
                while !over.load(Ordering::Relaxed) {
                    n = black_box(n.wrapping_mul(31).wrapping_add(7));
                }
            });
        }
        let told = correct.iter().try_for_each(|variant| {
            let summary = run(*variant, 1, each)?;
            println!(
                "| `{}` | {} | {} | {} | {} |",
                variant.name(),
                summary["plans_executed"],
                summary["failures"].as_array().map_or(0, Vec::len),
                summary["flaky"].as_array().map_or(0, Vec::len),
                summary["inconclusive"]
            );
            for reason in [&summary["inconclusive_reasons"], &summary["failures"]] {
                if reason.as_array().is_some_and(|reasons| !reasons.is_empty()) {
                    eprintln!("{}: {reason:#}", variant.name());
                }
            }
            anyhow::Ok(())
        });
        over.store(true, Ordering::Relaxed);
        told
    })
}

/// A campaign's summary.
pub fn run(variant: Variant, seed: u64, plans: u64) -> anyhow::Result<Value> {
    let desk = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_comeback"))
        .current_dir(desk.path())
        .env("COMEBACK_STATE_DIR", desk.path().join("state"))
        .args(["run", "--demo", variant.name(), "--format", "json"])
        .args(["--no-shrink", "--quiet"])
        .args(["--max-inconclusive", "1", "--max-failures"])
        .arg(if variant.is_correct() { "1000" } else { "1" })
        .args(["--seed", &seed.to_string(), "--plans", &plans.to_string()])
        .output()?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
