//! A failing trial, shrunk live: executions of smaller plans, with the best so far on disk at all times.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracing::debug;

use super::control::Unseen;
use super::trial::Execution as Nth;
use super::{Audience, Bench, CampaignError, Interrupt, save};
use crate::model::{
    Explanation, Plan, Reproduced, ShrinkHistory, ShrinkRun, Signature, StepId, Verdict,
};
use crate::shrink::{Execution, Executions, Found, Purpose, explain, shrink};
use crate::trace::{EventKind, Origin, Trace, View, step_times};

/// An execution that tells nothing is tried again so often.
const TRIES: u32 = 3;

/// So many executions in a row that tell nothing end the shrinking: the environment is broken.
const MOST_INCONCLUSIVE: u32 = 9;

/// How much may be spent on shrinking one failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkBudget {
    /// Executions at most.
    pub runs: u64,
    /// For how long new executions are begun at most.
    pub within: Duration,
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
}

impl Bench {
    /// Shrinks the failure of a trace. `kept` is the file that holds the best so far: it is there already, is a failing trace at all times,
    /// and is replaced whenever there is a smaller one. Every other file that is needed goes into `folder`. None for a trace that did not
    /// fail, and where the stack cannot be reset, so that a second failure would say nothing.
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
            odds: odds(failing),
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
            counts: Vec::new(),
            history: Vec::new(),
            inconclusive: 0,
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
    /// How often each plan failed.
    counts: Vec<(Plan, Reproduced)>,
    history: Vec<ShrinkRun>,
    inconclusive: u32,
    rate: f64,
    error: Option<CampaignError>,
}

impl Executions for Laboratory<'_> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        for _ in 0..TRIES {
            if self.is_over() {
                return None;
            }
            let began = Instant::now();
            // That the failure showed is all that is asked. But the trace that is kept at last, of a plan that the guard has looked at, is whole.
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
            let failed = self.has_failed(&trace);
            self.note(plan, purpose, failed);
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
                None => {}
            }
        }
        // A plan that tells nothing is no counterexample.
        Some(Execution::Passed)
    }

    fn best(&mut self, plan: &Plan, rate: f64) {
        (self.best, self.rate) = (plan.clone(), rate);
        if let Err(error) = self.publish(None) {
            self.error = Some(error);
        }
    }
}

impl Laboratory<'_> {
    fn is_over(&self) -> bool {
        self.error.is_some()
            || self.interrupt.is_requested()
            || self.history.len() as u64 >= self.budget.runs
            || self.began.elapsed() >= self.budget.within
            || self.inconclusive >= MOST_INCONCLUSIVE
    }

    async fn run(&self, plan: &Plan, in_haste: bool) -> Result<Trace, CampaignError> {
        self.bench.refresh(&Unseen).await?;
        self.audience.shrinking(&format!(
            "shrinking: execution {}, {} of {} steps left, fails {:.0} % of the time",
            self.history.len() + 1,
            self.best.size().steps,
            self.failing.plan.size().steps,
            100.0 * self.rate
        ));
        let nth = Nth {
            nth: 1 + self.history.len() as u64,
            trials_since_reset: 0,
            in_haste,
        };
        let trial = self
            .bench
            .execute(plan, nth, &self.scratch, self.interrupt, &Unseen);
        let trace = trial.await;
        // What is worth keeping is written elsewhere; a simulated trial that held has written nothing.
        let _ = fs::remove_file(&self.scratch);
        trace
    }

    /// Whether the failure that is looked for showed; none where the execution tells nothing.
    fn has_failed(&self, trace: &Trace) -> Option<bool> {
        let judgement = trace.judgement.as_ref()?;
        match judgement.verdict {
            Verdict::Inconclusive => None,
            Verdict::Holds => Some(false),
            Verdict::Violated => Some(judgement.signature.as_ref() == Some(&self.signature)),
        }
    }

    fn note(&mut self, plan: &Plan, purpose: Purpose, failed: Option<bool>) {
        self.inconclusive = match failed {
            Some(_) => 0,
            None => self.inconclusive + 1,
        };
        self.history.push(ShrinkRun {
            run: 1 + self.history.len() as u64,
            steps: plan.size().steps,
            failed,
            what: match purpose {
                Purpose::Shrink => "shrink",
                Purpose::Guard => "guard",
            }
            .to_owned(),
        });
        let Some(failed) = failed else {
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

    /// How often the best plan failed. The discovery counts for the plan that was found.
    fn reproduced(&self) -> Reproduced {
        let count = self.counts.iter().find(|(plan, _)| *plan == self.best);
        let mut count = count.map_or(Reproduced { failed: 0, runs: 0 }, |(_, count)| *count);
        if self.best == self.failing.plan {
            count.failed += 1;
            count.runs += 1;
        }
        count
    }

    fn history(&self, finished: bool) -> ShrinkHistory {
        let guard_runs = self.history.iter().filter(|run| run.what == "guard");
        let guard_runs = guard_runs.count() as u64;
        ShrinkHistory {
            runs: self.history.len() as u64 - guard_runs,
            guard_runs,
            from_steps: self.failing.plan.size().steps,
            to_steps: self.best.size().steps,
            finished,
            history: self.history.clone(),
        }
    }

    /// Puts the best plan's failing trace in the place of the one that is kept.
    fn publish(&self, explanation: Option<(&Explanation, bool)>) -> Result<Trace, CampaignError> {
        let found = self.traces.iter().find(|(plan, _)| *plan == self.best);
        let mut best = found.map_or(&self.failing, |(_, trace)| trace).clone();
        let control = self.failing.notes.iter();
        best.notes = control
            .filter(|n| n.get("control").is_some())
            .cloned()
            .collect();
        let finished = explanation.is_some_and(|(_, finished)| finished);
        best.notes.extend(notes(
            self.reproduced(),
            &self.history(finished),
            explanation.map(|(explanation, _)| explanation),
        ));
        save::replace_trace(&self.kept, &best)?;
        Ok(best)
    }

    fn finish(
        mut self,
        found: &Found,
        shrunk: crate::shrink::Shrunk,
    ) -> Result<Shrunken, CampaignError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.best = shrunk.plan.clone();
        let reproduced = self.reproduced();
        let explanation = explain(found, &shrunk, reproduced);
        let trace = self.publish(Some((&explanation, shrunk.finished)))?;
        Ok(Shrunken {
            trace,
            reproduced,
            history: self.history(shrunk.finished),
            explanation,
        })
    }
}

fn notes(
    rate: Reproduced,
    history: &ShrinkHistory,
    explanation: Option<&Explanation>,
) -> Vec<Value> {
    let mut notes = vec![json!({"rate": rate}), json!({"shrink": history})];
    notes.extend(explanation.map(|explanation| json!({"explanation": explanation})));
    notes
}

/// What a failing trace tells of the steps that the failure needs: what began after the last proof of it hardly made it, and what struck just before it
/// began, or sent the request that shows it, probably did. The figures are logarithms of odds.
fn odds(trace: &Trace) -> BTreeMap<StepId, f64> {
    let view = View::new(trace);
    let primary = trace.judgement.as_ref().and_then(|j| j.primary());
    let Some(evidence) = primary.map(|finding| &finding.evidence) else {
        return BTreeMap::new();
    };
    let (first, last) = (evidence.first().copied(), evidence.iter().max().copied());
    let mut odds = BTreeMap::new();
    for event in &trace.events {
        if let EventKind::StepStarted { step } = &event.kind {
            let late = last.is_some_and(|last| event.seq > last);
            odds.insert(step.clone(), if late { -3.0 } else { 0.0 });
        }
    }
    let struck = first.and_then(|first| view.fault_before(first)?.fault.cloned());
    let sent = first.and_then(|first| match &trace.events.get(first as usize)?.kind {
        EventKind::Sent {
            origin: Origin::Step(step),
            ..
        } => Some(step.clone()),
        _ => None,
    });
    for step in struck.into_iter().chain(sent) {
        odds.insert(step, 1.5);
    }
    odds
}
