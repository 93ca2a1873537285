//! How busy a run of the demo keeps a processor: comeback itself, and its services beside it.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use procfs::process::Process;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::{Effort, repeats};

/// Plans of one run.
const PLANS: u64 = 6;

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let plans = if effort.brief { 1 } else { PLANS };
    let mut services = Vec::new();
    let mut seed = 0;
    let shares = repeats::alone(effort.repeats, || {
        seed += 1;
        let (own, of_services) = run(plans, seed)?;
        services.push(of_services);
        Ok(own)
    })?;
    // The first run only warms up.
    services.remove(0);
    println!("| | comeback | its services |\n|---|---|---|");
    let services = repeats::Figures::of(services);
    println!(
        "| a run of {plans} healthy plans of the demo | {shares} % of a core | {services} % |"
    );
    Ok(())
}

/// Runs some plans one after the other, and returns how much of one core comeback kept busy, and
/// how much its services did, in percent.
fn run(plans: u64, seed: u64) -> anyhow::Result<(f64, f64)> {
    let desk = tempfile::tempdir()?;
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_comeback"))
        .current_dir(desk.path())
        .env("COMEBACK_STATE_DIR", desk.path().join("state"))
        .args([
            "run",
            "--demo",
            "healthy",
            "--quiet",
            "--no-shrink",
            "--jobs",
            "1",
        ])
        .args(["--max-inconclusive", "100%"])
        .args(["--seed", &seed.to_string(), "--plans", &plans.to_string()])
        .stdout(Stdio::null())
        .spawn()?;
    // Once it has ended, and before it is reaped, the kernel still tells what it has used.
    let id = i32::try_from(child.id())?;
    let pid = Pid::from_raw(id).context("it has no id")?;
    waitid(
        WaitId::Pid(pid),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    )?;
    let took = began.elapsed();
    let stat = Process::new(id)?.stat()?;
    let status = child.wait()?;
    ensure!(status.success(), "it ended with {status}");
    let percent =
        |ticks: i64| 100.0 * ticks as f64 / procfs::ticks_per_second() as f64 / took.as_secs_f64();
    let own = i64::try_from(stat.utime + stat.stime)?;
    Ok((percent(own), percent(stat.cutime + stat.cstime)))
}
