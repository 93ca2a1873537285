//! `comeback check`: judge saved traces again, offline.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::cli::kit::reports::say_unreadable;
use crate::cli::kit::{Exit, Format, Output};
use crate::invariant::{judge, judge_view, standard};
use crate::model::{Judgement, Limits, Verdict};
use crate::report::{Unreadable, terminal};
use crate::trace::{Digest, Store, Trace, TraceError};

/// Judge saved traces again, offline, by the limits recorded in them or by others.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: comeback check traces/*.jsonl --limit recovery=90s --limit stragglers=1\n\n\
    Exit codes, the first that applies: 2 a trace cannot be read (it is reported, and the others are still judged); \
    1 a violation; 3 inconclusive; 0 everything held."
)]
pub struct CheckArgs {
    /// The traces.
    #[arg(required = true, value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// Judge by another limit, as `[limits]` of a configuration has them: recovery=90s,
    /// stragglers=1, cpu=50%.
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
}

/// What came of one file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Entry {
    Checked(Box<Checked>),
    Unreadable(Unreadable),
}

#[derive(Debug, Serialize)]
struct Checked {
    trace: String,
    limits: Limits,
    judgement: Judgement,
    /// The verdict that the trace itself records, if the trial came so far.
    recorded: Option<Verdict>,
}

impl CheckArgs {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let mut worst = Verdict::Holds;
        let mut entries = Vec::new();
        let mut texts = Vec::new();
        for path in &self.traces {
            let judged = match self.judged(path)? {
                Ok(judged) => judged,
                Err(error) => {
                    let unreadable = Unreadable::of(path, &error);
                    say_unreadable(&unreadable);
                    entries.push(Entry::Unreadable(unreadable));
                    continue;
                }
            };
            let (trace, limits, judgement) = judged;
            worst = worst.max(judgement.verdict);
            let name = path.display().to_string();
            texts.push(terminal::judgement(&name, &trace, &judgement));
            entries.push(Entry::Checked(Box::new(Checked {
                trace: name,
                limits,
                judgement,
                recorded: trace.judgement.map(|judgement| judgement.verdict),
            })));
        }
        if !texts.is_empty() || output.format == Format::Json {
            output.document(&entries, &texts.join("\n\n"))?;
        }
        let unreadable = |entry: &Entry| matches!(entry, Entry::Unreadable(_));
        Ok(match entries.iter().any(unreadable) {
            true => Exit::Usage,
            false => worst.into(),
        })
    }

    /// Judges a trace. The outer error is one of the command line, the inner one of the trace.
    fn judged(
        &self,
        path: &Path,
    ) -> anyhow::Result<Result<(Trace, Limits, Judgement), TraceError>> {
        // A pipe cannot be read a second time, so its events are all kept.
        if !path.is_file() {
            let trace = match Trace::read(path) {
                Ok(trace) => trace,
                Err(error) => return Ok(Err(error)),
            };
            let limits = self.limits(&trace.header.limits)?;
            let judgement = judge(&trace, &limits, &standard());
            return Ok(Ok((trace, limits, judgement)));
        }
        let store = Store::default();
        let digest = match Digest::read(path, &store) {
            Ok(digest) => digest,
            Err(error) => return Ok(Err(error)),
        };
        let limits = self.limits(&digest.trace().header.limits)?;
        let judged = digest.judged(|view| judge_view(view, &limits, &standard()));
        Ok(judged.map(|(trace, judgement)| (trace, limits, judgement)))
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
