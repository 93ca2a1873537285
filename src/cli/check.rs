//! `comeback check`: judge saved traces again, offline.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::output::Output;
use crate::invariant::{judge, standard};
use crate::model::{Judgement, Limits, Verdict};
use crate::report::terminal;
use crate::trace::Trace;

/// Judge saved traces again, offline, by the limits recorded in them or by others.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: comeback check traces/*.jsonl --limit recovery=90s --limit stragglers=1"
)]
pub struct Check {
    /// The traces.
    #[arg(required = true, value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// Judge by another limit, as `[limits]` of a configuration has them: recovery=90s, stragglers=1, cpu=50%.
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Checked {
    trace: PathBuf,
    limits: Limits,
    judgement: Judgement,
    /// The verdict that the trace itself records, if the trial came so far.
    recorded: Option<Verdict>,
}

impl Check {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let mut worst = Verdict::Holds;
        let mut checked = Vec::new();
        let mut texts = Vec::new();
        for path in &self.traces {
            let trace = Trace::read(path)?;
            let limits = self.limits(&trace.header.limits)?;
            let judgement = judge(&trace, &limits, &standard());
            worst = worst.max(judgement.verdict);
            texts.push(terminal::judgement(
                &path.display().to_string(),
                &trace,
                &judgement,
            ));
            checked.push(Checked {
                trace: path.clone(),
                limits,
                judgement,
                recorded: trace.judgement.map(|judgement| judgement.verdict),
            });
        }
        output.document(&checked, &texts.join("\n\n"))?;
        Ok(worst.into())
    }

    fn limits(&self, recorded: &Limits) -> anyhow::Result<Limits> {
        let mut limits = recorded.clone();
        for limit in &self.limits {
            let (name, value) = limit.split_once('=').with_context(|| {
                format!("--limit {limit}: expected NAME=VALUE, such as recovery=90s")
            })?;
            if value.is_empty() {
                bail!("--limit {limit}: the value is missing");
            }
            limits.set(name.trim(), value.trim())?;
        }
        Ok(limits)
    }
}
