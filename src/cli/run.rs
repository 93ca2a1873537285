//! `comeback run`: random plans against a live stack.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::exit::Exit;
use super::output::Output;
use super::progress::Progress;
use super::session::Session;
use super::source::Source;
use crate::campaign::Campaign;
use crate::model::Summary;
use crate::report::terminal;

/// Execute random plans against a stack, and say whether its API comes back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback run --demo stuck-busy --seed 1\n  \
    comeback run --config comeback.toml --plans 20"
)]
pub struct Run {
    #[command(flatten)]
    source: Source,
    /// How many plans to try at most.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    plans: u64,
    /// Decides the plans: the same seed gives the same plans. Drawn by chance if it is not given.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The folder below which everything about this run is saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    /// The folder in which failing traces are kept.
    #[arg(long, default_value = "traces", value_name = "DIR")]
    traces: PathBuf,
    /// Stop at this many different failures.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_failures: u64,
    /// The share of inconclusive trials to put up with, such as `5%` or `0.05`.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = share)]
    max_inconclusive: f64,
}

impl Run {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let campaign = Campaign {
            seed: self.seed.unwrap_or_else(seed_of_now),
            plans: self.plans,
            max_failures: usize::try_from(self.max_failures)?,
            max_inconclusive: self.max_inconclusive,
            out: self.out,
            traces: self.traces,
        };
        let session = Session::open(&self.source).await?;
        let progress = Progress::new(output, Some(campaign.plans));
        let summary = session
            .with_stack(&progress, async |bench, interrupt| {
                campaign.run(bench, interrupt, &progress).await
            })
            .await;
        progress.finish();
        let Some(summary) = summary? else {
            return Ok(Exit::Interrupted);
        };
        output.document(&summary, &terminal::summary(&summary))?;
        Ok(exit(&summary))
    }
}

fn exit(summary: &Summary) -> Exit {
    match summary.interrupted {
        true => Exit::Interrupted,
        false => summary.verdict.into(),
    }
}

/// A seed that nobody chose: the clock's nanoseconds, short enough to be typed again.
pub(super) fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| u64::from(since.subsec_nanos()))
}

/// Reads `5%` or `0.05`.
fn share(text: &str) -> anyhow::Result<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>()? / 100.0,
        None => text.parse::<f64>()?,
    };
    if !(0.0..=1.0).contains(&share) {
        bail!("a share lies between 0% and 100%");
    }
    Ok(share)
}
