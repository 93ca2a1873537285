//! What a look at a service's resources costs, with many other processes on the machine and without.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comeback::model::Act;
use comeback::observe::WaitObserver;
use comeback::stack::process::ProcessDriver;
use comeback::stack::{Driver, Stack};
use comeback::trace::{Recorder, Redaction};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use crate::{Effort, repeats, service};

const API: &str = "127.0.0.1:21770";

/// The other processes.
const OTHERS: usize = 500;

/// How often threads' waits are sampled, as `observe/waits.rs` has it.
const SAMPLED_EVERY: Duration = Duration::from_millis(50);

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let command = service::command(API, None);
    let api = ProcessDriver::new("api", command, BTreeMap::new(), None);
    runtime.block_on(api.act(Act::Start))?;
    let stack = Arc::new(Stack {
        api: Some(Box::new(api)),
        backends: Vec::new(),
        ports: Vec::new(),
    });
    let (looks, sampled_for) = match effort.brief {
        true => (50, Duration::from_millis(500)),
        false => (500, Duration::from_secs(3)),
    };
    println!("| | with {OTHERS} others | without | ratio |\n|---|---|---|---|");
    let both = repeats::in_turn(
        effort.repeats,
        || among_others(|| runtime.block_on(one_look(&stack, looks))),
        || runtime.block_on(one_look(&stack, looks)),
    )?;
    repeats::row("a look at the resources", "µs", &both);
    let both = repeats::in_turn(
        effort.repeats,
        || among_others(|| runtime.block_on(one_sample(&stack, sampled_for))),
        || runtime.block_on(one_sample(&stack, sampled_for)),
    )?;
    repeats::row(
        "a sample of the threads' waits, processor time",
        "µs",
        &both,
    );
    Ok(())
}

/// How long a look takes, in microseconds.
async fn one_look(stack: &Stack, looks: u32) -> anyhow::Result<f64> {
    let api = stack.api.as_ref().context("there is no API")?;
    let began = Instant::now();
    for _ in 0..looks {
        ensure!(api.usage().await?.is_some(), "it does not run");
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(looks))
}

/// How much processor time one sample takes, in microseconds.
async fn one_sample(stack: &Arc<Stack>, sampled_for: Duration) -> anyhow::Result<f64> {
    let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
    let observer = WaitObserver::observe(stack, &recorder).await;
    ensure!(observer.is_complete(), "it does not run");
    let before = processor_time();
    tokio::time::sleep(sampled_for).await;
    let used = processor_time() - before;
    Ok(used.as_secs_f64() * 1e6 / sampled_for.div_duration_f64(SAMPLED_EVERY))
}

/// How much processor time this process has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Does something while many other processes sleep.
fn among_others<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let _others = Others::start()?;
    // What their start keeps the machine busy with is over then.
    thread::sleep(Duration::from_millis(300));
    work()
}

/// Processes that only sleep; they end when dropped.
struct Others(Vec<Child>);

impl Others {
    fn start() -> anyhow::Result<Self> {
        let mut others = Others(Vec::new());
        for _ in 0..OTHERS {
            let sleep = Command::new("sleep")
                .arg("600")
                .stdin(Stdio::null())
                .spawn()?;
            others.0.push(sleep);
        }
        Ok(others)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for other in &mut self.0 {
            // It has ended already, or does now.
            let _ = (other.kill(), other.wait());
        }
    }
}
