//! Where plans are executed and compared while a failure is shrunk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use tracing::debug;

use super::budget::{ShrinkBudget, Shrinking};
use super::pipeline::{Pipeline, is_in_haste};
use super::seldom::is_seldom;
use crate::campaign::attempt::MOST_INCONCLUSIVE;
use crate::campaign::{Audience, CampaignError, Interrupt, ShrinkingSoFar, notes};
use crate::model::{
    Plan, Reproduced, ShrinkHistory, ShrinkRun, Signature, StepId, Verdict, ceiling,
};
use crate::shrink::{Execution, Executions, KnownRun, Purpose};
use crate::trace::{Trace, outages_ms};

/// An inconclusive execution is repeated at most this often.
const TRIES: u32 = 3;

/// The note of an execution that measures how often a plan fails.
pub(super) const GUARD: &str = "guard";

/// A failure that shows seldom may use a quarter of the time that a campaign may spend.
const SELDOM_PART: u32 = 4;

/// Where plans are executed and compared.
pub(super) struct Laboratory<'a> {
    pub pipeline: Pipeline<'a>,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    budget: ShrinkBudget,
    began: Instant,
    signature: Signature,
    pub(super) kept: PathBuf,
    pub(super) failing: Trace,
    pub(super) best: Plan,
    /// A failing trace of each plan that was the best once, and of the one that failed last.
    pub(super) traces: Vec<(Plan, Trace)>,
    /// The plan whose remembered trace did not end early.
    whole: Option<Plan>,
    /// How often each plan failed in executions that measured its rate, with those of earlier
    /// attempts. The execution by which a plan was chosen does not count: it always failed.
    pub(super) counts: Vec<(Plan, Reproduced)>,
    /// The plan whose trace is in the file that is kept.
    pub(super) held: Plan,
    /// The outages that the last execution measured.
    outages_ms: BTreeMap<StepId, u64>,
    /// The history of an earlier attempt.
    pub(super) before: Option<ShrinkHistory>,
    pub(super) history: Vec<ShrinkRun>,
    inconclusive: usize,
    /// Why the last of them was inconclusive.
    last_reason: String,
    rate: f64,
    pub(super) error: Option<CampaignError>,
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
        self.pipeline.fits(plan)
    }

    fn best(&mut self, plan: &Plan, rate: f64) {
        (self.best, self.rate) = (plan.clone(), rate);
        if let Err(error) = self.publish(None, false) {
            self.error = Some(error);
        }
    }
}

impl<'a> Laboratory<'a> {
    /// Before the first execution. `failing` is the trace of the failure, which has this signature.
    pub fn new(
        pipeline: Pipeline<'a>,
        failing: &Trace,
        signature: &Signature,
        shrinking: Shrinking<'_>,
        interrupt: &'a Interrupt,
        audience: &'a dyn Audience,
    ) -> Self {
        Laboratory {
            pipeline,
            interrupt,
            audience,
            budget: shrinking.budget,
            began: Instant::now(),
            signature: signature.clone(),
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
        }
    }

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
    pub(super) fn why_over(&self) -> Option<String> {
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
    pub(super) fn is_seldom(&self) -> bool {
        let smaller = self.history.iter().filter(|run| run.what != GUARD);
        let mut so_far = Reproduced::default();
        for failed in smaller.filter_map(|run| run.failed) {
            so_far.count(failed);
        }
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
        if let (Some(failed), Purpose::Guard) = (failed, purpose) {
            let mut count = self.reproduced(plan);
            count.count(failed);
            self.counts.retain(|(known, _)| known != plan);
            self.counts.push((plan.clone(), count));
        }
    }

    fn remember(&mut self, plan: &Plan, trace: Trace) {
        self.traces.retain(|(known, _)| known != plan);
        self.traces.push((plan.clone(), trace));
    }
}
