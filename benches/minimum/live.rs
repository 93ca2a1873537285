//! The catalogue, shrunk on the demo's real processes.

use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use comeback::app::Variant;
use serde_json::Value;

/// Says of each bug how many executions and how long it took to shrink it.
pub fn shrinking(bugs: &[Variant], plans: u64) -> anyhow::Result<()> {
    println!(
        "| bug | steps before | after | runs | guard's | reproduced | seconds to find | to shrink |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for bug in bugs {
        let desk = tempfile::tempdir()?;
        let run = |more: &[&str]| -> anyhow::Result<(Value, f64)> {
            let began = Instant::now();
            let output = Command::new(env!("CARGO_BIN_EXE_comeback"))
                .current_dir(desk.path())
                .env("COMEBACK_STATE_DIR", desk.path().join("state"))
                .args(["--format", "json", "--quiet"])
                .args(more)
                .output()?;
            let document = serde_json::from_slice(&output.stdout)
                .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
            Ok((document, began.elapsed().as_secs_f64()))
        };
        let plans = plans.to_string();
        let find = [
            "run",
            "--demo",
            bug.name(),
            "--seed",
            "1",
            "--no-shrink",
            "--plans",
            &plans,
        ];
        let (found, to_find) = run(&find)?;
        let Some(trace) = found["failures"][0]["trace"].as_str() else {
            println!(
                "| `{}` | not found in {plans} plans | | | | | {to_find:.0} | |",
                bug.name()
            );
            continue;
        };
        let (shrunk, to_shrink) = run(&["shrink", trace])?;
        println!(
            "| `{}` | {} | {} | {} | {} | {} of {} | {to_find:.0} | {to_shrink:.0} |",
            bug.name(),
            shrunk["steps_before_shrink"],
            shrunk["steps"],
            shrunk["shrink_runs"],
            shrunk["guard_runs"],
            shrunk["reproduced"]["failed"],
            shrunk["reproduced"]["runs"],
        );
    }
    Ok(())
}
