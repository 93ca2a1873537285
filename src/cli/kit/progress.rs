//! The progress line, on standard error.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::bar::Bar;
use super::output::Format;
use super::output::Output;
use super::stream;
use super::waiting::Waiting;
use crate::campaign::{Audience, ShrinkingSoFar};
use crate::executor::Executor;
use crate::model::{Judgement, Plan, Regressed, Signature, Verdict, count};
use crate::report::{self, EventLine};
use crate::trace::{EventKind, Recorder};

/// A wait that has lasted for longer is reported even where standard error is no terminal.
const LONG: Duration = Duration::from_secs(10);

/// How often a wait is reported again.
const TICK: Duration = Duration::from_millis(200);

/// Shows trial, step and outcomes so far while a campaign runs, what was found so far, how fast
/// trials go by and how long the rest takes. Where standard error is no terminal, a line is written
/// per finished trial, for each wait that takes long, and whenever a plan has become smaller.
#[derive(Debug)]
pub struct Progress {
    bar: Bar,
    of: Option<u64>,
    lines: bool,
    follower: Mutex<Option<JoinHandle<()>>>,
    found: Mutex<Found>,
}

/// What the trials have shown so far.
#[derive(Debug, Default)]
struct Found {
    failures: BTreeSet<Signature>,
    inconclusive: u64,
    /// The steps of the plan that is being shrunk, when a line last said so.
    steps: Option<usize>,
    said_at: Option<Instant>,
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
    /// Progress towards a number of trials.
    pub fn new(output: &Output, of: Option<u64>) -> Self {
        Self::within(output, of, None)
    }

    /// The same where it ends after some time at the latest.
    pub fn within(output: &Output, of: Option<u64>, limit: Option<Duration>) -> Self {
        let bar = Bar::progress(output.quiet, of, limit);
        let lines = !output.quiet && bar.is_hidden() && output.format == Format::Human;
        let progress = Progress {
            bar,
            of,
            lines,
            follower: Mutex::new(None),
            found: Mutex::default(),
        };
        progress.number();
        progress
    }

    /// Says how many trials are finished already.
    pub fn begin_at(&self, finished: u64) {
        self.bar.begin_at(finished);
        self.number();
    }

    /// Shows how many trials are finished, and what they have shown. A trial's own number is the
    /// one in its file's name, from 0, and is none of these.
    fn number(&self) {
        let finished = self.bar.position();
        let trials = match self.of {
            Some(of) => format!("{finished}/{of} trials · "),
            None if finished == 0 => String::new(),
            None => format!("{} · ", count(finished, "trial")),
        };
        let found = self.found();
        let failures = match found.failures.len() {
            0 => String::new(),
            n => format!("{} · ", count(n, "failure")),
        };
        let inconclusive = match found.inconclusive {
            0 => String::new(),
            n => format!("{n} inconclusive · "),
        };
        self.bar
            .set_prefix(&format!("{trials}{failures}{inconclusive}"));
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line that stays.
    pub fn tell(&self, line: &str) {
        match self.lines {
            true => stream::say(line),
            false => self.bar.write_line(line),
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.follow(None);
        self.bar.finish();
    }

    fn follow(&self, task: Option<JoinHandle<()>>) {
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *follower, task) {
            before.abort();
        }
    }
}

impl Audience for Progress {
    fn trial_begins(&self, plan: &Plan, executor: &Executor, recorder: &Recorder) {
        self.bar.resume_pace();
        self.number();
        let show = Show {
            bar: self.bar.clone(),
            lines: self.lines,
            plan: plan.clone(),
            tally: Tally::default(),
            waiting: Waiting::new(executor),
            told: None,
        };
        self.follow(Some(tokio::spawn(show.run(recorder.clone()))));
    }

    fn trial_ended(&self, plan: &Plan, judgement: &Judgement) {
        self.follow(None);
        self.bar.advance();
        if judgement.verdict == Verdict::Violated {
            // The run may end with this failure.
            self.bar.hide_pace();
        }
        self.found().failures.extend(judgement.signature.clone());
        self.found().inconclusive += u64::from(judgement.verdict == Verdict::Inconclusive);
        self.number();
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
            stream::say(&line);
        } else if judgement.verdict != Verdict::Holds {
            self.bar.write_line(&line);
        }
    }

    fn reused(&self, told: &Regressed) {
        self.tell(&report::fate_line(told));
    }

    fn shrinking(&self, so_far: &ShrinkingSoFar) {
        self.follow(None);
        self.bar.pause_pace();
        self.bar.set_prefix("failure found · ");
        self.bar.set_phase(&so_far.what(), so_far.elapsed);
        let mut found = self.found();
        let is_new = so_far.execution == 1 || found.steps != Some(so_far.steps);
        let is_old = found.said_at.is_none_or(|said| said.elapsed() > LONG);
        if self.lines && (is_new || is_old) {
            found.steps = Some(so_far.steps);
            found.said_at = Some(Instant::now());
            stream::say(&so_far.to_string());
        }
    }

    fn control(&self) {
        self.busy("control: without faults");
        self.bar.pause_pace();
    }

    fn busy(&self, what: &str) {
        self.follow(None);
        self.number();
        self.bar.set_message(what, "");
    }
}

/// Shows a history as it happens.
struct Show {
    bar: Bar,
    lines: bool,
    plan: Plan,
    tally: Tally,
    waiting: Waiting,
    /// What a line was written for last.
    told: Option<String>,
}

impl Show {
    async fn run(mut self, recorder: Recorder) {
        let mut history = recorder.follow_from(0);
        loop {
            let read = history.find(|event| {
                self.tally.read(&self.plan, &event.kind);
                self.waiting.read(event);
                None::<Infallible>
            });
            // Waits are reported again as time goes by, even while nothing happens.
            let _ = timeout(TICK, read).await;
            self.show(recorder.now_us());
        }
    }

    fn show(&mut self, now_us: u64) {
        let wait = self.waiting.wait(now_us);
        let Tally {
            doing,
            ok,
            failed,
            unknown,
        } = &self.tally;
        let doing = wait.as_ref().map_or(doing.clone(), ToString::to_string);
        let details = format!("ok {ok}, failed {failed}, unknown {unknown}");
        self.bar.set_message(&doing, &details);
        let Some(wait) = wait.filter(|_| self.lines) else {
            return;
        };
        let long = now_us.saturating_sub(wait.since_us) > LONG.as_micros() as u64;
        let is_told = self.told.as_ref() == Some(&wait.what);
        if long && !is_told {
            stream::say(&format!("trial {}: {wait}", self.plan.index));
            self.told = Some(wait.what);
        }
    }
}

impl Tally {
    fn read(&mut self, plan: &Plan, event: &EventKind) {
        let line = EventLine::of(event, Some(plan));
        match event {
            EventKind::Phase { .. } => self.doing = line.map_or(String::new(), |line| line.text),
            EventKind::StepStarted { .. } | EventKind::FaultIntent { .. } => {
                self.doing = line.map_or(String::new(), |line| line.to_string());
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
