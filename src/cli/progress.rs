//! The progress line, on standard error.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use super::Format;
use super::output::Output;
use crate::campaign::Audience;
use crate::model::{Judgement, Plan, Verdict};
use crate::trace::{EventKind, Follower, Phase, Recorder};

/// Shows trial, step and outcomes so far while a campaign runs. Where standard error is no terminal, a line is written per
/// finished trial.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    of: Option<u64>,
    lines: bool,
    follower: Mutex<Option<JoinHandle<()>>>,
}

/// What is known of the trial under way.
#[derive(Debug, Default)]
struct Tally {
    doing: String,
    ok: u64,
    failed: u64,
    unknown: u64,
}

impl Progress {
    /// Progress towards so many trials.
    pub fn new(output: &Output, of: Option<u64>) -> Self {
        let quiet = output.quiet;
        let bar = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(of, ProgressDrawTarget::stderr()),
        };
        let style = ProgressStyle::with_template("{spinner} {prefix}{wide_msg} {elapsed:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(100));
        let lines = !quiet && bar.is_hidden() && output.format == Format::Human;
        Progress {
            bar,
            of,
            lines,
            follower: Mutex::new(None),
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.follow(None);
        self.bar.finish_and_clear();
    }

    fn follow(&self, task: Option<JoinHandle<()>>) {
        let mut follower = self
            .follower
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *follower, task) {
            before.abort();
        }
    }
}

impl Audience for Progress {
    fn trial_begins(&self, plan: &Plan, recorder: &Recorder) {
        let of = self.of.map(|of| format!("/{of}")).unwrap_or_default();
        self.bar
            .set_prefix(format!("trial {}{of} · ", self.bar.position() + 1));
        let (bar, plan) = (self.bar.clone(), plan.clone());
        self.follow(Some(tokio::spawn(show(bar, plan, recorder.follow_from(0)))));
    }

    fn trial_ended(&self, plan: &Plan, judgement: &Judgement) {
        self.follow(None);
        self.bar.inc(1);
        let detail = match judgement.verdict {
            Verdict::Holds => String::new(),
            Verdict::Violated => judgement
                .primary()
                .map(|f| format!(": {}", f.message))
                .unwrap_or_default(),
            Verdict::Inconclusive => format!(": {}", judgement.reason()),
        };
        let line = format!("trial {} {}{detail}", plan.index, judgement.verdict);
        if self.lines {
            eprintln!("{line}");
        } else if judgement.verdict != Verdict::Holds {
            self.bar.println(line);
        }
    }

    fn busy(&self, what: &str) {
        self.follow(None);
        self.bar.set_message(what.to_owned());
    }
}

/// Shows a history on the bar as it happens.
async fn show(bar: ProgressBar, plan: Plan, mut history: Follower) {
    let mut tally = Tally::default();
    loop {
        tally.read(&plan, &history.next().await.kind);
        let Tally {
            doing,
            ok,
            failed,
            unknown,
        } = &tally;
        bar.set_message(format!(
            "{doing} · ok {ok}, failed {failed}, unknown {unknown}"
        ));
    }
}

impl Tally {
    fn read(&mut self, plan: &Plan, event: &EventKind) {
        match event {
            EventKind::Phase { phase } => {
                self.doing = match phase {
                    Phase::Setup => "waiting for the backends and the API",
                    Phase::Baseline => "baseline",
                    Phase::Plan => "plan",
                    Phase::Heal => "healing",
                    Phase::Recovery => "waiting for sustained success",
                    Phase::Drain => "waiting for the requests still in flight",
                }
                .to_owned();
            }
            EventKind::StepStarted { step } => {
                let action = plan
                    .step(step)
                    .map(|s| s.action.to_string())
                    .unwrap_or_default();
                self.doing = format!("{step}: {action}");
            }
            EventKind::FaultIntent { step, backend, act } => {
                self.doing = format!("{step}: {act} {backend}");
            }
            EventKind::Ended { outcome, .. } => match outcome.name() {
                "ok" => self.ok += 1,
                "failed" => self.failed += 1,
                _ => self.unknown += 1,
            },
            _ => {}
        }
    }
}
