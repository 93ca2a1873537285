//! Whether latencies are told as they are: a server that takes 0.2 ms, and one that is frozen again
//! and again, beside the answer that arithmetic gives and beside `hey`.

use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use comeback::load::Pooled;
use comeback::model::Pace;
use comeback::trace::EventKind;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::load::{self, Server};
use crate::schedule::{per_mille, percentile};
use crate::{Effort, repeats};

/// Requests a second at the server that is frozen.
const RATE: u32 = 200;

/// The part of the time for which it is frozen.
const FROZEN: u32 = 10;

/// In flight at once: more than a freeze holds up.
const SENDERS: u32 = 1_000;

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    median(effort, &runtime)?;
    freezes(effort, &runtime)
}

/// The median of a server that takes 0.2 ms, told at a fixed rate and seen by a loop that does
/// nothing else.
fn median(effort: Effort, runtime: &Runtime) -> anyhow::Result<()> {
    let _server = Server::taking(Duration::from_micros(200))?;
    let count = if effort.brief { 100 } else { 2_000 };
    let both = repeats::in_turn(
        effort.repeats,
        || {
            let told = runtime.block_on(told(count, 1_000, 32))?;
            Ok(percentile(
                told.into_values().map(|us| us as f64).collect(),
                50,
            ))
        },
        || runtime.block_on(load::pooled_median_us(count)),
    )?;
    repeats::head("bare loop, one after the other");
    repeats::row(
        "median of a server that takes 200 µs, at 1,000/s",
        "µs",
        &both,
    );
    println!();
    Ok(())
}

/// What is told of a server that is frozen for a tenth of the time.
fn freezes(effort: Effort, runtime: &Runtime) -> anyhow::Result<()> {
    let has_hey = Command::new("hey").arg("-h").output().is_ok();
    if !has_hey {
        println!("skipped: hey is not installed\n");
    }
    println!("| freezes | | told | true | ratio | hey | ratio |\n|---|---|---|---|---|---|---|");
    for freeze_ms in [10, 100, 500, 2_000] {
        if effort.brief && freeze_ms > 10 {
            break;
        }
        let freeze = Duration::from_millis(freeze_ms);
        let length = match effort.brief {
            true => Duration::from_millis(500),
            false => (freeze * FROZEN * 3).max(Duration::from_secs(10)),
        };
        let server = Server::start()?;
        let count = (length.as_secs_f64() * f64::from(RATE)) as u32;
        let usual = runtime.block_on(told(RATE, RATE, SENDERS))?;
        let usual = percentile(usual.into_values().map(|us| us as f64).collect(), 50);
        let (told, frozen) = while_freezing(server.process(), freeze, || {
            runtime.block_on(told_at(count, RATE, SENDERS))
        })?;
        let (began, told) = told?;
        let told = told.into_iter();
        let (due, told): (Vec<u64>, Vec<f64>) = told.map(|(due, us)| (due, us as f64)).unzip();
        let truth = due.iter().map(|due_us| {
            let due = began + Duration::from_micros(*due_us);
            let held = frozen.iter().find(|(from, to)| *from <= due && due < *to);
            usual + held.map_or(0.0, |(_, to)| (*to - due).as_secs_f64() * 1e6)
        });
        let truth: Vec<f64> = truth.collect();
        let hey = match has_hey {
            true => Some(hey(server.process(), freeze, length)?),
            false => None,
        };
        for (thousandths, name) in [(500, "p50"), (900, "p90"), (990, "p99"), (999, "p99.9")] {
            let [told, truth] = [&told, &truth].map(|us| per_mille(us.clone(), thousandths));
            let hey = hey.as_ref().and_then(|hey| hey.get(&thousandths));
            let hey = hey.map_or("–".to_owned(), |us| {
                format!("{:.2} ms | {:.3}", us / 1e3, us / truth)
            });
            println!(
                "| {freeze_ms} ms | {name} | {:.2} ms | {:.2} ms | {:.3} | {hey} |",
                told / 1e3,
                truth / 1e3,
                told / truth
            );
        }
    }
    Ok(())
}

/// The latency of each request of an open loop, by when it was due, both in microseconds.
async fn told(count: u32, rate: u32, senders: u32) -> anyhow::Result<BTreeMap<u64, u64>> {
    Ok(told_at(count, rate, senders).await?.1)
}

/// The same, and when the recorder's clock began.
async fn told_at(
    count: u32,
    rate: u32,
    senders: u32,
) -> anyhow::Result<(Instant, BTreeMap<u64, u64>)> {
    let transport = Arc::new(Pooled::new(&load::url(), None)?);
    let pace = Pace::Open {
        rate_per_s: f64::from(rate),
    };
    let (began, events) = load::ours(transport, count, senders, pace).await?;
    let mut due = BTreeMap::new();
    let mut latency = BTreeMap::new();
    for event in events {
        match event.kind {
            EventKind::Sent {
                request,
                intended_us,
                ..
            } => drop(due.insert(request, intended_us)),
            EventKind::Ended {
                request,
                latency_us,
                ..
            } => drop(latency.insert(due[&request], latency_us)),
            _ => {}
        }
    }
    Ok((began, latency))
}

/// From when to when a server was frozen.
type Freezes = Vec<(Instant, Instant)>;

/// Does something while the server is frozen for a tenth of the time.
fn while_freezing<T>(
    server: &Child,
    freeze: Duration,
    act: impl FnOnce() -> T,
) -> anyhow::Result<(T, Freezes)> {
    let stop = AtomicBool::new(false);
    let server = Pid::from_child(server);
    thread::scope(|scope| {
        let freezing = scope.spawn(|| -> rustix::io::Result<Freezes> {
            let mut freezes = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                thread::sleep(freeze * (FROZEN - 1));
                let from = Instant::now();
                kill_process(server, Signal::STOP)?;
                thread::sleep(freeze);
                kill_process(server, Signal::CONT)?;
                freezes.push((from, Instant::now()));
            }
            Ok(freezes)
        });
        let done = act();
        stop.store(true, Ordering::Relaxed);
        let freezes = freezing.join().ok().context("the freezer panicked")??;
        Ok((done, freezes))
    })
}

/// What hey tells of the same server at the same rate, in microseconds by per mille.
fn hey(server: &Child, freeze: Duration, length: Duration) -> anyhow::Result<BTreeMap<usize, f64>> {
    let seconds = format!("{}s", length.as_secs().max(1));
    let rate = RATE.to_string();
    let mut command = Command::new("hey");
    command.args(["-z", &seconds, "-c", "1", "-q", &rate, &load::url()]);
    let (output, _) = while_freezing(server, freeze, || command.output())?;
    let text = String::from_utf8(output?.stdout)?;
    let line = |line: &str| {
        let (percent, rest) = line.trim().split_once("% in ")?;
        let thousandths = percent.parse::<usize>().ok()? * 10;
        let seconds: f64 = rest.strip_suffix(" secs")?.parse().ok()?;
        Some((thousandths, seconds * 1e6))
    };
    Ok(text.lines().filter_map(line).collect())
}
