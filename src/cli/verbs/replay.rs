//! `comeback replay`: perform a saved plan again, live.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use crate::campaign::Replay;
use crate::cli::kit::{Exit, Output, Progress, Session, Source, folder, whole};
use crate::model::Speed;
use crate::report;
use crate::trace::Trace;

/// Perform the plan of a saved trace again, live, and say whether its failure shows.
///
/// A demo's trace replays on that demo by itself, simulated if it was; any other on the
/// configuration given. Exit codes: 1 the recorded failure or another one showed at least once; 0
/// none did; 3 most executions were inconclusive.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback replay traces/demo-stuck-busy-….jsonl --times 5\n  \
    comeback replay traces/demo-stuck-busy-….jsonl --until-fails --times 50\n  \
    comeback replay traces/shop-….jsonl --config comeback.toml --speed 0.5"
)]
pub struct ReplayArgs {
    /// The trace.
    trace: PathBuf,
    #[command(flatten)]
    source: Source,
    /// If another comeback uses the stack, wait until it has ended instead of giving up.
    #[arg(long)]
    wait: bool,
    /// Simulate the demo, also where the trace was recorded live.
    #[arg(long, conflicts_with = "config")]
    sim: bool,
    /// How many times, or with --until-fails how many times at most [default: 1, or without end
    /// where --until-fails is given].
    #[arg(long, value_name = "K", value_parser = whole(1..=u64::MAX))]
    times: Option<u64>,
    /// Stop as soon as the recorded failure shows.
    #[arg(long)]
    until_fails: bool,
    /// Perform the plan X times as fast: offsets, outages, gaps, graces, waits and think times are
    /// divided by X, and rates multiplied. The number of requests and the limits stay. Below 1 it
    /// is slower. The API and its backends keep their pace: a failure that needs an outage of 30 s
    /// may not show at 2.
    #[arg(long, default_value = "1", value_name = "X", value_parser = speed)]
    speed: Speed,
    /// The folder below which the replays' traces are saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
}

impl ReplayArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let recorded = Trace::read(&self.trace)?;
        let session = Session::open(&self.source(&recorded)?.waiting(self.wait)).await?;
        let handle = session.handle();
        let fits = handle.space.fits(&self.speed.plan(&recorded.plan));
        fits.with_context(|| self.misfit())?;
        folder::make("--out", &self.out)?;
        let times = self.times.unwrap_or(match self.until_fails {
            true => u64::MAX,
            false => 1,
        });
        let progress = Progress::new(output, (times < u64::MAX).then_some(times));
        let replay = Replay {
            times,
            until_fails: self.until_fails,
            speed: self.speed,
            out: self.out,
        };
        let replayed = session
            .with_stack(&progress, async |handle, interrupt| {
                replay.run(&recorded, handle, interrupt, &progress).await
            })
            .await;
        progress.finish();
        let Some(replayed) = replayed? else {
            return Ok(Exit::Interrupted);
        };
        output.document(&replayed, &report::replayed(&self.trace, &replayed))?;
        Ok(if replayed.interrupted {
            Exit::Interrupted
        } else {
            replayed.verdict.into()
        })
    }

    fn source(&self, recorded: &Trace) -> anyhow::Result<Source> {
        let trace = self.trace.display();
        let source = self.source.clone().simulated(self.sim);
        let source = source.or_of_trace(&recorded.header.stack);
        let source = source.with_context(|| format!("cannot replay {trace}"))?;
        if self.sim && !source.is_demo() {
            bail!("cannot replay {trace} with --sim: only the demo can be simulated");
        }
        Ok(source)
    }

    fn misfit(&self) -> String {
        let trace = self.trace.display();
        match self.speed == Speed::AS_WRITTEN {
            true => format!(
                "cannot replay {trace} on this stack; give the one it is of by --config FILE"
            ),
            false => format!(
                "cannot replay {trace} on this stack at --speed {}; give the one it is of by --config FILE, or another speed",
                self.speed.factor()
            ),
        }
    }
}

fn speed(text: &str) -> anyhow::Result<Speed> {
    let speed = text.trim().parse().ok().and_then(Speed::new);
    speed.context("expected a number from 0.001 to 1000, such as 2 or 0.5")
}
