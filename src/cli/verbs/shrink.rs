//! `comeback shrink`: go on making a saved failing plan smaller, live.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::campaign::{Interrupt, Shrinking, Stacks, run_folder};
use crate::cli::kit::{Budget, Exit, Output, Progress, Session, Source, folder, with_stacks};
use crate::report;
use crate::shrink::Ending;
use crate::trace::Trace;
use crate::whole_file;

/// Make the plan of a saved failing trace smaller, live, and say what the failure needs.
///
/// A demo's trace is executed on that demo by itself; any other on the configuration given. The
/// trace is replaced by a smaller one as soon as one has failed in the same way; the original is
/// kept in the run's folder. Ctrl-C keeps the best so far.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: comeback shrink traces/demo-stuck-busy-….jsonl --shrink-for 5m\n\n\
    Exit codes: 1 the failure is what it was, or smaller; 3 it did not show again, or the environment failed; 2 the trace or the configuration is \
    not usable; 130 interrupted (after healing)."
)]
pub struct Shrink {
    /// The trace.
    trace: PathBuf,
    #[command(flatten)]
    source: Source,
    /// If another comeback uses the stack, wait until it has ended instead of giving up.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    budget: Budget,
    /// The folder below which the original trace is saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
}

impl Shrink {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let failing = Trace::read(&self.trace)?;
        let path = self.trace.display();
        let judgement = failing.judgement.as_ref();
        if judgement.and_then(|j| j.signature.as_ref()).is_none() {
            bail!(
                "{path} did not fail, so there is nothing to shrink; `comeback check {path}` shows its verdict"
            );
        }
        let source = self.source.or_of_trace(&failing.header.stack);
        let source = source.with_context(|| format!("cannot shrink {path}"))?;
        let source = source.waiting(self.wait);
        let sessions = Session::several(&source, 1 + source.spares(1)).await?;
        let (handle, interrupt) = (sessions[0].handle(), sessions[0].interrupt());
        let fits = handle.space.fits(&failing.plan);
        fits.with_context(|| {
            format!("cannot shrink {path} on this stack; give the one it is of by --config FILE")
        })?;
        folder::make("--out", &self.out)?;
        let run = run_folder(&self.out, failing.plan.seed)?;
        whole_file::copy(&self.trace, &run.join("original.jsonl"))
            .with_context(|| format!("cannot keep a copy of {path} in {}", run.display()))?;
        let progress = Progress::new(output, None);
        let shrinking = Shrinking {
            kept: &self.trace,
            folder: &run,
            budget: self.budget.usual(),
        };
        let shrink = async |stacks: &Stacks<'_>, interrupt: &Interrupt| {
            let shrunk = stacks.shrink(&failing, shrinking, interrupt, &progress);
            shrunk.await
        };
        let spares = sessions[1..].iter().map(Session::handle);
        let stacks = Stacks::new(handle, spares);
        let shrunk = with_stacks(&stacks, interrupt, &progress, shrink).await;
        progress.finish();
        let Some(shrunk) = shrunk? else {
            return Ok(Exit::Interrupted);
        };
        let Some(shrunk) = shrunk else {
            bail!(
                "{path} cannot be shrunk: the stack cannot be reset, so a second failure would say nothing; say how by `docker`, \
                 `process` or `command` of [api]"
            );
        };
        let document = json!({
            "trace": self.trace,
            "original": run.join("original.jsonl"),
            "steps": shrunk.history.to_steps,
            "steps_before_shrink": shrunk.history.from_steps,
            "shrink_runs": shrunk.history.runs,
            "guard_runs": shrunk.history.guard_runs,
            "finished": shrunk.history.finished,
            "reproduced": shrunk.reproduced,
            "explanation": shrunk.explanation,
        });
        output.document(
            &document,
            &report::shrunk(
                &self.trace,
                &shrunk.history,
                &shrunk.explanation,
                &shrunk.trace.plan,
                shrunk.ending != Ending::NotShownAgain,
            ),
        )?;
        Ok(match shrunk.ending {
            _ if interrupt.is_requested() => Exit::Interrupted,
            Ending::NotShownAgain => Exit::Inconclusive,
            Ending::Finished | Ending::Stopped => Exit::Violated,
        })
    }
}
