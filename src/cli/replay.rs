//! `comeback replay`: perform a saved plan again, live.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::exit::Exit;
use super::folder;
use super::output::Output;
use super::progress::Progress;
use super::session::Session;
use super::source::Source;
use crate::campaign::Replay as Campaign;
use crate::report::terminal;
use crate::trace::Trace;

/// Perform the plan of a saved trace again, live, and say whether its failure shows.
///
/// A demo's trace replays on that demo by itself; any other on the configuration given.
#[derive(Debug, Args)]
#[command(after_help = "Example: comeback replay traces/demo-stuck-busy-….jsonl --times 5")]
pub struct Replay {
    /// The trace.
    trace: PathBuf,
    #[command(flatten)]
    source: Source,
    /// How many times.
    #[arg(long, default_value_t = 1, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    times: u64,
    /// The folder below which the replays' traces are saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
}

impl Replay {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let recorded = Trace::read(&self.trace)?;
        let session = Session::open(&self.source(&recorded)?).await?;
        session
            .bench()
            .space
            .fits(&recorded.plan)
            .with_context(|| {
                let trace = self.trace.display();
                format!(
                    "cannot replay {trace} on this stack; give the one it is of by --config FILE"
                )
            })?;
        folder::make("--out", &self.out)?;
        let progress = Progress::new(output, Some(self.times));
        let replay = Campaign {
            times: self.times,
            out: self.out,
        };
        let replayed = session
            .with_stack(&progress, async |bench, interrupt| {
                replay.run(&recorded, bench, interrupt, &progress).await
            })
            .await;
        progress.finish();
        let Some(replayed) = replayed? else {
            return Ok(Exit::Interrupted);
        };
        output.document(&replayed, &terminal::replayed(&self.trace, &replayed))?;
        Ok(if replayed.interrupted {
            Exit::Interrupted
        } else {
            replayed.verdict.into()
        })
    }

    fn source(&self, recorded: &Trace) -> anyhow::Result<Source> {
        let source = self.source.or_of_trace(&recorded.header.stack);
        source.with_context(|| format!("cannot replay {}", self.trace.display()))
    }
}
