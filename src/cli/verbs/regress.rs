//! `comeback regress`: replay every saved failure, and say what has become of it.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use crate::campaign::{Audience, Interrupt, Regress, Replayer};
use crate::cli::kit::{
    Exit, Output, Progress, Session, Source, folder, saved, share, whole, words,
};
use crate::model::{Fate, Regressed, Regression, Verdict};
use crate::report;
use crate::trace::{StackInfo, Trace};

/// Replay every saved trace of a folder, and say of each failure: FIXED (with its confidence),
/// STILL FAILS, or INCONCLUSIVE.
///
/// A failure is FIXED when its plan has passed often enough in a row that, at the rate recorded in
/// its trace, the failure would have shown with the confidence asked for. One failing execution
/// proves that it STILL FAILS. A different failure is reported as FAILS OTHERWISE. Inconclusive
/// executions do not count.
///
/// A demo's trace replays on that demo by itself, simulated if it was, or on the one that --demo
/// names; all others on the configuration, if they are of its stack. The rest is skipped, and
/// reported as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback regress\n  comeback regress traces --config comeback.toml --confidence 99%\n  \
    comeback regress traces --demo healthy      # as if the demo's bugs were switched off\n\n\
    Exit codes, the first that applies: 130 interrupted (after healing); 1 a failure still shows, or another; 2 the folder is not there, or a trace \
    in it cannot be read (the others are replayed all the same); 3 inconclusive, or failures were saved, but all \
    of other stacks; 4 the folder holds no traces; 0 all is fixed, or none had failed."
)]
pub struct RegressArgs {
    /// The folder that holds the traces (*.jsonl).
    #[arg(default_value = "traces", value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    source: Source,
    /// If another comeback uses the stack, wait until it has ended instead of giving up.
    #[arg(long)]
    wait: bool,
    /// Simulate the demo, also where a trace was recorded live.
    #[arg(long, conflicts_with = "config")]
    sim: bool,
    /// With which probability a failure that is still there would have shown before it is called
    /// FIXED.
    #[arg(long, default_value = "95%", value_name = "SHARE", value_parser = confidence)]
    confidence: f64,
    /// Upper bound on the replays of one trace. A trace that needs more is INCONCLUSIVE, and
    /// reported with its confidence so far.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = whole(1..=u64::MAX))]
    times: u64,
    /// The folder below which the replays' traces are saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
}

/// A trace that is to be replayed: its place among all, its file, and what it holds besides events.
struct Saved {
    place: usize,
    path: PathBuf,
    trace: Trace,
}

/// Where traces are replayed, and what has become of them so far.
struct Replays<'a> {
    campaign: &'a Regress,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    regressed: &'a mut Vec<Regressed>,
}

impl RegressArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let files = saved::files(&self.folder)?;
        let configured = match self.source.has_config() {
            true => Some(self.source.config()?.name),
            false => None,
        };
        // All are read before anything is started.
        let mut regressed = Vec::new();
        let mut groups: Vec<(Source, Vec<Saved>)> = Vec::new();
        for path in files {
            let place = regressed.len();
            let name = path.display().to_string();
            match self.enlist(&path, configured.as_deref()) {
                Err(not_replayed) => regressed.push(Regressed {
                    trace: name,
                    ..*not_replayed
                }),
                Ok((source, trace)) => {
                    let waits = "it was not replayed";
                    regressed.push(Regressed {
                        signature: trace.judgement.as_ref().and_then(|j| j.signature.clone()),
                        ..Regressed::not_replayed(name, Fate::Inconclusive, waits)
                    });
                    let saved = Saved { place, path, trace };
                    match groups.iter_mut().find(|(of, _)| *of == source) {
                        Some((_, group)) => group.push(saved),
                        None => groups.push((source, vec![saved])),
                    }
                }
            }
        }
        let campaign = Regress {
            confidence: self.confidence,
            times: self.times,
            out: self.out,
        };
        let mut interrupted = false;
        if !groups.is_empty() {
            folder::make("--out", &campaign.out)?;
            let all = groups.iter().flat_map(|(_, group)| group);
            let most = all.map(|saved| campaign.most_runs(&saved.trace)).sum();
            let progress = Progress::new(output, Some(most));
            let interrupt = Session::signals()?;
            let mut replays = Replays {
                campaign: &campaign,
                interrupt: &interrupt,
                progress: &progress,
                regressed: &mut regressed,
            };
            let done = replays.replay_all(&groups).await;
            progress.finish();
            done?;
            interrupted = interrupt.is_requested();
        }
        let regression = Regression {
            verdict: Regression::verdict_of(&regressed),
            folder: self.folder.display().to_string(),
            confidence: self.confidence,
            traces: regressed,
            interrupted,
        };
        output.document(&regression, &report::regressed(&regression))?;
        Ok(exit(&regression))
    }

    /// Reads a trace without its events, and finds the stack that it is replayed on; else what is
    /// reported of it.
    fn enlist(
        &self,
        path: &Path,
        configured: Option<&str>,
    ) -> Result<(Source, Trace), Box<Regressed>> {
        let not = |signature, fate, because: String| {
            Box::new(Regressed {
                signature,
                ..Regressed::not_replayed(String::new(), fate, because)
            })
        };
        let trace = saved::failure(path).map_err(|because| not(None, Fate::Unreadable, because))?;
        let trace =
            trace.ok_or_else(|| not(None, Fate::Skipped, "it had not failed".to_owned()))?;
        let source = self.source_of(&trace.header.stack, configured);
        let signature = trace.judgement.as_ref().and_then(|j| j.signature.clone());
        let source = source.map_err(|because| not(signature, Fate::Skipped, because))?;
        Ok((source, trace))
    }

    /// The stack that a trace is replayed on; else why there is none.
    fn source_of(&self, stack: &StackInfo, configured: Option<&str>) -> Result<Source, String> {
        let source = self.source.clone().simulated(self.sim);
        let source = source.waiting(self.wait);
        let source = source.or_of_trace(stack).map_err(|e| words(&e))?;
        let name = &stack.name;
        match (source.is_demo(), configured) {
            (true, _) if *name == crate::demo::NAME => Ok(source),
            (true, _) => Err(format!("it is of the stack `{name}`, not of the demo")),
            (false, _) if self.sim => Err("only the demo can be simulated".to_owned()),
            (false, Some(configured)) if name == configured => Ok(source),
            (false, Some(configured)) => Err(format!(
                "it is of the stack `{name}`, and the configuration is of `{configured}`"
            )),
            (false, None) => Err(format!(
                "it is of the stack `{name}`; give its configuration by --config FILE"
            )),
        }
    }
}

impl Replays<'_> {
    /// Replays the traces of one stack after those of the other. Trouble with one stack does not
    /// keep the next from being used.
    async fn replay_all(&mut self, groups: &[(Source, Vec<Saved>)]) -> anyhow::Result<()> {
        for (source, group) in groups {
            let mut left: Vec<&Saved> = group.iter().collect();
            let done = match self.interrupt.is_requested() {
                true => Ok(()),
                false => self.replay(source, &mut left).await,
            };
            let because = match done {
                Ok(()) => "interrupted before it was replayed".to_owned(),
                Err(error) if Exit::of_error(&error) == Exit::Inconclusive => words(&error),
                Err(error) => return Err(error),
            };
            for saved in left {
                self.regressed[saved.place].because.clone_from(&because);
            }
        }
        Ok(())
    }

    /// Replays the traces of one stack. Those that were not come to be replayed are left.
    async fn replay(&mut self, source: &Source, left: &mut Vec<&Saved>) -> anyhow::Result<()> {
        let session = Session::under(source, self.interrupt.clone()).await?;
        let up = session.with_stack(self.progress, async |handle, interrupt| {
            let mut replayer = Replayer::new(handle, interrupt, self.progress);
            while let Some(saved) = left.first().copied() {
                if replayer.is_interrupted() {
                    break;
                }
                let Saved { place, path, trace } = saved;
                self.progress.busy(&format!("replaying {}", path.display()));
                let regressed = self.campaign.run(path, trace, &mut replayer).await?;
                self.progress.tell(&report::fate_line(&regressed));
                self.regressed[*place] = regressed;
                left.remove(0);
            }
            replayer.leave().await
        });
        up.await.map(drop)
    }
}

fn exit(regression: &Regression) -> Exit {
    let unreadable = regression.count(Fate::Unreadable) > 0;
    match regression.verdict {
        _ if regression.interrupted => Exit::Interrupted,
        Verdict::Violated => Exit::Violated,
        _ if unreadable => Exit::Usage,
        // A job that replays the wrong folder every night must not pass for ever.
        _ if regression.traces.is_empty() => Exit::Nothing,
        verdict => verdict.into(),
    }
}

/// Reads `95%` or `0.95`.
fn confidence(text: &str) -> anyhow::Result<f64> {
    let confidence = share(text)?;
    if confidence <= 0.0 || confidence >= 1.0 {
        bail!("`--confidence` must be between 0% and 100%, exclusive");
    }
    Ok(confidence)
}
