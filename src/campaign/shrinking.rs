//! A failing trial, shrunk live: executions of smaller plans, with the best so far on disk at all
//! times.

mod lane;
mod pipeline;
mod publish;
mod seldom;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tracing::debug;

use pipeline::{Pipeline, is_in_haste};
use seldom::is_seldom;

use super::attempt::MOST_INCONCLUSIVE;
use super::prior::prior;
use super::shared_stack::SharedStack;
use super::side_by_side::side_by_side;
use super::{Audience, CampaignError, Interrupt, ShrinkingSoFar, StackHandle, Stacks, notes};
use crate::model::{
    Explanation, Failure, Plan, Reproduced, ShrinkHistory, ShrinkRun, Signature, StepId, Verdict,
    ceiling,
};
use crate::shrink::{Ending, Execution, Executions, Found, KnownRun, Purpose, shrink};
use crate::trace::{Trace, outages_ms, step_times};
use crate::watched;

/// An inconclusive execution is repeated at most this often.
const TRIES: u32 = 3;

/// The note of an execution that measures how often a plan fails.
const GUARD: &str = "guard";

/// A failure that shows seldom may use a quarter of the time that a campaign may spend.
const SELDOM_PART: u32 = 4;

/// How much may be spent on shrinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkBudget {
    /// The most executions for one failure.
    pub runs: u64,
    /// How long new executions may be begun.
    pub within: Duration,
    /// How much of this a campaign has spent on other failures. None if the budget is for one
    /// failure alone.
    pub shared: Option<Duration>,
}

/// A failure after shrinking.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunken {
    /// The trace of the smallest plan, notes included.
    pub trace: Trace,
    /// How often the smallest plan failed.
    pub reproduced: Reproduced,
    /// How it was shrunk.
    pub history: ShrinkHistory,
    /// What the failure needs, in words.
    pub explanation: Explanation,
    /// Whether so few executions failed that a campaign should look for other failures, too.
    pub is_seldom: bool,
    /// How shrinking ended.
    pub ending: Ending,
}

impl Shrunken {
    /// Updates the failure to the smallest plan.
    pub(super) fn update(self, failure: &mut Failure) {
        let judgement = self.trace.judgement.as_ref();
        // The smallest plan gives the failure its signature; the one that was found stays among the
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

/// How a failure is shrunk: where its files are, and what may be spent.
#[derive(Debug, Clone, Copy)]
pub struct Shrinking<'a> {
    /// The file of the best plan so far: it exists, is a failing trace at all times, and is replaced
    /// by each smaller one. But a plan whose failure rate was measured is replaced only by another
    /// such plan; a smaller one that is not confirmed yet is kept beside it, as `….jsonl.smaller`.
    pub kept: &'a Path,
    /// The folder of all other files.
    pub folder: &'a Path,
    /// How much may be spent.
    pub budget: ShrinkBudget,
}

impl Stacks<'_> {
    /// Shrinks the failure of a trace on all of the stacks at once. None if the trace did not fail,
    /// or if the stacks cannot be reset, so that a second failure would prove nothing.
    ///
    /// # Errors
    /// When a stack cannot be reset, or a file cannot be written.
    pub async fn shrink(
        &self,
        failing: &Trace,
        shrinking: Shrinking<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Option<Shrunken>, CampaignError> {
        let places: Vec<SharedStack<'_>> = self
            .all()
            .map(|handle| SharedStack::new(handle, 0))
            .collect();
        shrink_on(places.iter(), failing, shrinking, interrupt, audience).await
    }
}

/// As [`Stacks::shrink`]. Of these stacks, each is used as soon as it is free; the first one has to
/// be.
///
/// # Errors
/// When a stack cannot be reset, or a file cannot be written.
pub(super) async fn shrink_on<'p, 's: 'p>(
    places: impl Iterator<Item = &'p SharedStack<'s>>,
    failing: &Trace,
    shrinking: Shrinking<'_>,
    interrupt: &Interrupt,
    audience: &dyn Audience,
) -> Result<Option<Shrunken>, CampaignError> {
    let judgement = failing.judgement.as_ref();
    let Some(signature) = judgement.and_then(|j| j.signature.clone()) else {
        return Ok(None);
    };
    let mut places: Vec<&SharedStack<'_>> = places.collect();
    let handle = places[0].handle;
    if handle.runner.most_at_once() > 1 {
        // A simulated trial does not wait, it keeps a processor busy: with more at once, nothing is
        // gained.
        places.truncate(1);
    }
    if !handle.can_reset() {
        return Ok(None);
    }
    let found = Found {
        plan: failing.plan.clone(),
        times: step_times(failing),
        log_odds: prior(failing),
        longest_offset_ms: handle.space.longest_offset_ms(),
    };
    let (orders, ordered) = mpsc::unbounded_channel();
    let mut laboratory = Laboratory {
        pipeline: Pipeline::new(&found, handle, orders, places.len()),
        handle,
        interrupt,
        audience,
        budget: shrinking.budget,
        began: Instant::now(),
        signature,
        kept: shrinking.kept.to_owned(),
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
    let (end, ended) = watched::channel(false);
    let ended = Interrupt::new(ended);
    let ordered = Mutex::new(ordered);
    let workers = places.into_iter().enumerate().map(|(nth, place)| {
        let (ordered, ended) = (&ordered, &ended);
        let name = format!("shrinking-{:04}-{nth}.jsonl", failing.plan.index);
        let scratch = shrinking.folder.join(name);
        move || async move { lane::work(place, ordered, &scratch, ended, interrupt).await }
    });
    let shrunk = async {
        let shrunk = shrink(&found, failing.plan.seed, &mut laboratory).await;
        laboratory.pipeline.end();
        end.send_replace(true);
        shrunk
    };
    let (shrunk, ended) = side_by_side(shrunk, workers.collect()).await;
    let finished = laboratory.finish(&found, shrunk)?;
    ended.into_iter().collect::<Result<(), _>>()?;
    Ok(Some(finished))
}

/// Where plans are executed and compared.
struct Laboratory<'a> {
    pipeline: Pipeline<'a>,
    handle: &'a StackHandle,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    budget: ShrinkBudget,
    began: Instant,
    signature: Signature,
    kept: PathBuf,
    failing: Trace,
    best: Plan,
    /// A failing trace of each plan that was the best once, and of the one that failed last.
    traces: Vec<(Plan, Trace)>,
    /// The plan whose remembered trace did not end early.
    whole: Option<Plan>,
    /// How often each plan failed in executions that measured its rate, with those of earlier
    /// attempts. The execution by which a plan was chosen does not count: it always failed.
    counts: Vec<(Plan, Reproduced)>,
    /// The plan whose trace is in the file that is kept.
    held: Plan,
    /// The outages that the last execution measured.
    outages_ms: BTreeMap<StepId, u64>,
    /// The history of an earlier attempt.
    before: Option<ShrinkHistory>,
    history: Vec<ShrinkRun>,
    inconclusive: usize,
    /// Why the last of them was inconclusive.
    last_reason: String,
    rate: f64,
    error: Option<CampaignError>,
}

impl Executions for Laboratory<'_> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        let execution = self.execute_until_told(plan, purpose).await?;
        self.pipeline.result(KnownRun {
            execution,
            outages_ms: self.outages_ms.clone(),
        });
        Some(execution)
    }

    fn outages_ms(&self) -> BTreeMap<StepId, u64> {
        self.outages_ms.clone()
    }

    fn fits(&self, plan: &Plan) -> bool {
        self.handle.space.fits(plan).is_ok()
    }

    fn best(&mut self, plan: &Plan, rate: f64) {
        (self.best, self.rate) = (plan.clone(), rate);
        if let Err(error) = self.publish(None, false) {
            self.error = Some(error);
        }
    }
}

impl Laboratory<'_> {
    /// Executes a plan, again while that says nothing.
    async fn execute_until_told(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        for tried in 0..TRIES {
            if tried > 0 {
                self.pipeline.narrow();
            }
            if self.why_over().is_some() {
                return None;
            }
            let began = Instant::now();
            // An execution may end as soon as the failure shows. But the trace that is kept in the
            // end, of a plan that the guard has measured, is complete.
            let is_whole = !is_in_haste(plan, purpose, self.whole.as_ref());
            let trace = match self.run(plan, purpose).await? {
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
        // A plan that is always inconclusive is no counterexample.
        Some(Execution::Passed)
    }

    /// Why no more executions may be begun, if that is so.
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

    /// Whether so few executions failed that other failures are more worth the time.
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

    async fn run(&mut self, plan: &Plan, purpose: Purpose) -> Option<Result<Trace, CampaignError>> {
        let nth = 1 + self.history.len() as u64;
        self.audience.shrinking(&ShrinkingSoFar {
            steps_at_first: self.steps_at_first(),
            steps: self.best.size().steps,
            execution: nth,
            elapsed: self.began.elapsed(),
        });
        let whole = self.whole.as_ref();
        let execution = self
            .pipeline
            .execute(plan, purpose, nth, whole, self.interrupt);
        execution.await
    }

    /// Whether the failure that is shrunk showed; none if the execution is inconclusive.
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
