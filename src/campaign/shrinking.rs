//! A failing trial, shrunk live: executions of smaller plans, with the best so far on disk at all
//! times.

mod publish;
mod seldom;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing::debug;

use seldom::is_seldom;

use super::control::Unseen;
use super::prior::prior;
use super::trial::{Attempt, MOST_INCONCLUSIVE};
use super::{Audience, Bench, CampaignError, Interrupt, ShrinkingSoFar, notes};
use crate::model::{
    Explanation, Failure, Plan, Reproduced, ShrinkHistory, ShrinkRun, Signature, StepId, Verdict,
    ceiling,
};
use crate::shrink::{Ending, Execution, Executions, Found, Purpose, shrink};
use crate::trace::{Trace, outages_ms, step_times};

/// An execution that tells nothing is tried again so often.
const TRIES: u32 = 3;

/// What an execution is noted for that looks how often a plan fails.
const GUARD: &str = "guard";

/// A failure that shows seldom is given a quarter of what a campaign may spend.
const SELDOM_PART: u32 = 4;

/// How much may be spent on shrinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkBudget {
    /// Executions of one failure at most.
    pub runs: u64,
    /// For how long new executions are begun at most.
    pub within: Duration,
    /// How much of this a campaign has spent on other failures. None where it is for one failure
    /// alone.
    pub shared: Option<Duration>,
}

/// A failure after shrinking.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunken {
    /// The trace of the smallest plan, notes included.
    pub trace: Trace,
    /// How often the smallest plan failed.
    pub reproduced: Reproduced,
    /// What shrinking took.
    pub history: ShrinkHistory,
    /// What is left, in words.
    pub explanation: Explanation,
    /// Whether so few executions failed that a campaign had better look for other failures, too.
    pub is_seldom: bool,
    /// How shrinking ended.
    pub ending: Ending,
}

impl Shrunken {
    /// Tells what is left of a failure.
    pub(super) fn tell(self, failure: &mut Failure) {
        let judgement = self.trace.judgement.as_ref();
        // The smallest plan gives the failure its name; what it was found under stays among the
        // others.
        let name = judgement.and_then(|judgement| judgement.signature.clone());
        if let Some(name) = name.filter(|name| *name != failure.signature) {
            failure.also.retain(|other| *other != name);
            let found_as = std::mem::replace(&mut failure.signature, name);
            failure.also.push(found_as);
        }
        if let Some(finding) = judgement.and_then(|judgement| judgement.primary()) {
            failure.message = finding.message.clone();
            failure.evidence = finding.evidence.clone();
        }
        failure.plan = Some(self.trace.plan);
        failure.steps = self.history.to_steps;
        failure.steps_before_shrink = self.history.from_steps;
        failure.shrink_runs = self.history.runs;
        failure.guard_runs = self.history.guard_runs;
        failure.reproduced = self.reproduced;
        failure.explanation = Some(self.explanation.text);
        failure.is_seldom = self.is_seldom;
    }
}

impl Bench {
    /// Shrinks the failure of a trace. None for a trace that did not fail, and where the stack
    /// cannot be reset, so that a second failure would say nothing.
    ///
    /// `kept` is the file that holds the best so far: it is there already, is a failing trace at
    /// all times, and is replaced whenever there is a smaller one. But one whose rate was measured
    /// gives way only to one that was measured too; what is smaller and not confirmed yet is kept
    /// beside it, as `….jsonl.smaller`. Every other file that is needed goes into `folder`.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn shrink(
        &self,
        failing: &Trace,
        kept: &Path,
        folder: &Path,
        budget: ShrinkBudget,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Option<Shrunken>, CampaignError> {
        let judgement = failing.judgement.as_ref();
        let Some(signature) = judgement.and_then(|j| j.signature.clone()) else {
            return Ok(None);
        };
        if self.simulation.is_none() && !self.executor.can_reset() {
            return Ok(None);
        }
        let found = Found {
            plan: failing.plan.clone(),
            times: step_times(failing),
            odds: prior(failing),
            longest_offset_ms: self.space.longest_offset_ms(),
        };
        let mut laboratory = Laboratory {
            bench: self,
            interrupt,
            audience,
            budget,
            began: Instant::now(),
            signature,
            scratch: folder.join(format!("shrinking-{:04}.jsonl", failing.plan.index)),
            kept: kept.to_owned(),
            failing: failing.clone(),
            best: failing.plan.clone(),
            traces: vec![(failing.plan.clone(), failing.clone())],
            whole: None,
            counts: vec![(failing.plan.clone(), notes::rate(failing))],
            held: failing.plan.clone(),
            outages_ms: BTreeMap::new(),
            before: notes::history(failing),
            history: Vec::new(),
            inconclusive: 0,
            last_reason: String::new(),
            rate: 1.0,
            error: None,
        };
        let shrunk = shrink(&found, failing.plan.seed, &mut laboratory).await;
        laboratory.finish(&found, shrunk).map(Some)
    }
}

/// Where plans are executed and compared.
struct Laboratory<'a> {
    bench: &'a Bench,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    budget: ShrinkBudget,
    began: Instant,
    signature: Signature,
    scratch: PathBuf,
    kept: PathBuf,
    failing: Trace,
    best: Plan,
    /// A failing trace of each plan that was the best once, and of the one that failed last.
    traces: Vec<(Plan, Trace)>,
    /// The plan whose remembered trace went on to its own end.
    whole: Option<Plan>,
    /// How often each plan failed in executions that measured it, by an earlier attempt too. The
    /// one by which a plan was chosen is none of them: it always failed.
    counts: Vec<(Plan, Reproduced)>,
    /// The plan whose trace is in the file that is kept.
    held: Plan,
    /// What the last execution measured.
    outages_ms: BTreeMap<StepId, u64>,
    /// What an earlier attempt took.
    before: Option<ShrinkHistory>,
    history: Vec<ShrinkRun>,
    inconclusive: usize,
    /// Why the last of them told nothing.
    last_reason: String,
    rate: f64,
    error: Option<CampaignError>,
}

impl Executions for Laboratory<'_> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        for _ in 0..TRIES {
            if self.why_over().is_some() {
                return None;
            }
            let began = Instant::now();
            // That the failure showed is all that is asked. But the trace that is kept at last, of
            // a plan that the guard has looked at, is whole.
            let is_whole = purpose == Purpose::Guard && self.whole.as_ref() != Some(plan);
            let trace = match self.run(plan, !is_whole).await {
                Ok(trace) => trace,
                Err(error) => {
                    self.error = Some(error);
                    return None;
                }
            };
            if self.interrupt.is_requested() {
                return None;
            }
            self.outages_ms = outages_ms(&trace);
            let failed = self.has_failed(&trace);
            let otherwise = failed == Some(false) && trace.verdict() == Verdict::Violated;
            self.note(plan, purpose, failed, otherwise);
            debug!(
                run = self.history.len(),
                ?purpose,
                failed,
                took_ms = began.elapsed().as_millis(),
                "executed\n{plan}"
            );
            match failed {
                Some(false) => return Some(Execution::Passed),
                Some(true) => {
                    if is_whole {
                        self.whole = Some(plan.clone());
                    }
                    if is_whole || self.whole.as_ref() != Some(plan) {
                        self.remember(plan, trace);
                    }
                    return Some(Execution::Failed);
                }
                None => {
                    let judgement = trace.judgement.as_ref();
                    self.last_reason = judgement.map(|j| j.reason()).unwrap_or_default();
                }
            }
        }
        // A plan that tells nothing is no counterexample.
        Some(Execution::Passed)
    }

    fn outages_ms(&self) -> BTreeMap<StepId, u64> {
        self.outages_ms.clone()
    }

    fn fits(&self, plan: &Plan) -> bool {
        self.bench.space.fits(plan).is_ok()
    }

    fn best(&mut self, plan: &Plan, rate: f64) {
        (self.best, self.rate) = (plan.clone(), rate);
        if let Err(error) = self.publish(None, false) {
            self.error = Some(error);
        }
    }
}

impl Laboratory<'_> {
    /// Why nothing more may be executed, if that is so.
    fn why_over(&self) -> Option<String> {
        let ShrinkBudget {
            runs,
            within,
            shared,
        } = self.budget;
        if let Some(error) = &self.error {
            return Some(error.to_string());
        }
        if self.interrupt.is_requested() {
            return Some("it was interrupted".to_owned());
        }
        if self.inconclusive >= MOST_INCONCLUSIVE {
            return Some(format!(
                "{MOST_INCONCLUSIVE} executions in a row told nothing, the last because {}",
                self.last_reason
            ));
        }
        if self.history.len() as u64 >= runs {
            return Some(format!("--shrink-runs {runs} allows no more"));
        }
        let elapsed = self.began.elapsed();
        let in_all = ceiling::written(within);
        if shared.unwrap_or_default().saturating_add(elapsed) >= within {
            return Some(format!("--shrink-for {in_all} allows no more"));
        }
        let is_enough = shared.is_some() && elapsed >= within / SELDOM_PART && self.is_seldom();
        is_enough.then(|| {
            format!(
                "it shows too seldom to spend more than a quarter of --shrink-for {in_all} on it; \
                 `comeback shrink` goes on"
            )
        })
    }

    /// Whether so few executions failed that other failures are better worth the time.
    fn is_seldom(&self) -> bool {
        let smaller = self.history.iter().filter(|run| run.what != GUARD);
        let none = Reproduced { failed: 0, runs: 0 };
        let count = |count: Reproduced, failed| Reproduced {
            failed: count.failed + u64::from(failed),
            runs: count.runs + 1,
        };
        let so_far = smaller.filter_map(|run| run.failed).fold(none, count);
        is_seldom(self.reproduced(&self.best), so_far)
    }

    async fn run(&self, plan: &Plan, in_haste: bool) -> Result<Trace, CampaignError> {
        self.bench.refresh(&Unseen).await?;
        self.audience.shrinking(&ShrinkingSoFar {
            steps_at_first: self.steps_at_first(),
            steps: self.best.size().steps,
            execution: self.history.len() as u64 + 1,
            elapsed: self.began.elapsed(),
        });
        let nth = Attempt {
            nth: 1 + self.history.len() as u64,
            trials_since_reset: 0,
            in_haste,
        };
        let trial = self
            .bench
            .execute(plan, nth, &self.scratch, self.interrupt, &Unseen);
        let trace = trial.await;
        // What is worth keeping is written elsewhere; a simulated trial that held has written
        // nothing.
        let _ = fs::remove_file(&self.scratch);
        trace
    }

    /// Whether the failure that is looked for showed; none where the execution tells nothing.
    fn has_failed(&self, trace: &Trace) -> Option<bool> {
        let judgement = trace.judgement.as_ref()?;
        match judgement.verdict {
            Verdict::Inconclusive => None,
            Verdict::Holds => Some(false),
            Verdict::Violated => Some(judgement.shows(&self.signature)),
        }
    }

    fn note(&mut self, plan: &Plan, purpose: Purpose, failed: Option<bool>, otherwise: bool) {
        self.inconclusive = match failed {
            Some(_) => 0,
            None => self.inconclusive + 1,
        };
        self.history.push(ShrinkRun {
            run: 1 + self.history.len() as u64,
            steps: plan.size().steps,
            failed,
            otherwise,
            what: match purpose {
                Purpose::Shrink => "shrink",
                Purpose::Guard => GUARD,
                Purpose::Explain => "explain",
            }
            .to_owned(),
        });
        let Some(failed) = failed.filter(|_| purpose == Purpose::Guard) else {
            return;
        };
        if !self.counts.iter().any(|(known, _)| known == plan) {
            let none = Reproduced { failed: 0, runs: 0 };
            self.counts.push((plan.clone(), none));
        }
        for (known, count) in &mut self.counts {
            if known == plan {
                count.runs += 1;
                count.failed += u64::from(failed);
            }
        }
    }

    fn remember(&mut self, plan: &Plan, trace: Trace) {
        self.traces.retain(|(known, _)| known != plan);
        self.traces.push((plan.clone(), trace));
    }
}
