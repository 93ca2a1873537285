//! The files of a failure while it is shrunk: the best failing trace at all times, and its notes.

use std::fs;
use std::path::PathBuf;

use super::laboratory::{GUARD, Laboratory};
use super::shrunken::Shrunken;
use crate::campaign::{CampaignError, notes};
use crate::model::{Explanation, Plan, Reproduced, ShrinkHistory, ShrinkRun};
use crate::shrink::{Ending, Found, Shrunk, explain};
use crate::trace::{Trace, outages_ms};

/// A plan is confirmed when this many executions have measured its failure rate.
const CONFIRMED: u64 = 3;

impl Laboratory<'_> {
    /// How often a plan failed in the executions that measured its failure rate.
    pub(super) fn reproduced(&self, plan: &Plan) -> Reproduced {
        let count = self.counts.iter().find(|(known, _)| known == plan);
        count.map(|(_, count)| *count).unwrap_or_default()
    }

    pub(super) fn steps_at_first(&self) -> usize {
        let before = self.before.as_ref();
        before.map_or(self.failing.plan.size().steps, |before| before.from_steps)
    }

    /// The history of shrinking so far, with earlier attempts.
    fn history(&self, finished: bool) -> ShrinkHistory {
        let before = self.before.iter().flat_map(|before| &before.history);
        let mut history: Vec<ShrinkRun> = before.chain(&self.history).cloned().collect();
        for (run, nth) in history.iter_mut().zip(1..) {
            run.run = nth;
        }
        let guard_runs = history.iter().filter(|run| run.what == GUARD).count() as u64;
        ShrinkHistory {
            runs: history.len() as u64 - guard_runs,
            guard_runs,
            from_steps: self.steps_at_first(),
            to_steps: self.best.size().steps,
            finished,
            history,
        }
    }

    /// Whether the failure rate of a plan was measured and is above zero.
    fn is_confirmed(&self, plan: &Plan) -> bool {
        let Reproduced { failed, runs } = self.reproduced(plan);
        failed > 0 && runs >= CONFIRMED
    }

    /// The file of a smaller plan that is not confirmed, beside one that is. Its name does not end
    /// in `.jsonl`, so that `regress` leaves it alone.
    fn beside(&self) -> PathBuf {
        self.kept.with_extension("jsonl.smaller")
    }

    /// Replaces the kept trace by the best plan's failing trace, or writes this beside it if only
    /// the kept one is confirmed.
    pub(super) fn publish(
        &mut self,
        explanation: Option<&Explanation>,
        finished: bool,
    ) -> Result<Trace, CampaignError> {
        let best = self.noted(&self.best, explanation, finished);
        let gives_way = finished
            || self.held == self.best
            || self.is_confirmed(&self.best)
            || !self.is_confirmed(&self.held);
        if !gives_way {
            best.write(&self.beside())?;
            let held = self.noted(&self.held, None, false);
            let is_as_it_was = self.held == self.failing.plan;
            return match is_as_it_was {
                true => Ok(self.failing.clone()),
                false => {
                    held.write(&self.kept)?;
                    Ok(held)
                }
            };
        }
        best.write(&self.kept)?;
        self.held = self.best.clone();
        let _ = fs::remove_file(self.beside());
        Ok(best)
    }

    /// A failing trace of a plan, with its notes.
    fn noted(&self, plan: &Plan, explanation: Option<&Explanation>, finished: bool) -> Trace {
        let mut trace = self.trace_of(plan).clone();
        trace.notes = notes::renewed(
            &self.failing.notes,
            self.reproduced(plan),
            &self.history(finished),
            explanation,
        );
        trace
    }

    fn trace_of(&self, plan: &Plan) -> &Trace {
        let found = self.traces.iter().find(|(known, _)| known == plan);
        found.map_or(&self.failing, |(_, trace)| trace)
    }

    pub(super) fn finish(
        mut self,
        found: &Found,
        mut shrunk: Shrunk,
    ) -> Result<Shrunken, CampaignError> {
        let why_stopped = self.why_over().filter(|_| shrunk.ending == Ending::Stopped);
        match self.error.take() {
            // The failure that was found is still one.
            None | Some(CampaignError::Stack(_)) => {}
            Some(error) => return Err(error),
        }
        if !self.traces.iter().any(|(plan, _)| *plan == shrunk.plan) {
            // Without the steps that were never executed it is the same plan, but there is no trace
            // of it that failed.
            let seen = self.reproduced(&shrunk.plan);
            let (Reproduced { failed, runs }, plan) = (seen, self.failing.plan.clone());
            let mut of_failing = self.counts.iter_mut().filter(|(known, _)| *known == plan);
            if let Some((_, counted)) = of_failing.next() {
                counted.failed += failed;
                counted.runs += runs;
            }
            shrunk.plan = plan;
        }
        self.best = shrunk.plan.clone();
        let finished = shrunk.ending == Ending::Finished;
        let is_seldom = shrunk.ending == Ending::NotShownAgain || self.is_seldom();
        let mut reproduced = self.reproduced(&self.best);
        let mut explanation = explain(
            found,
            &shrunk,
            &outages_ms(self.trace_of(&self.best)),
            reproduced,
            why_stopped.as_deref(),
        );
        // An attempt without a result keeps the notes of an earlier one.
        let is_in_vain = shrunk.ending == Ending::Stopped && self.best == self.failing.plan;
        let trace = match is_in_vain && notes::is_explained(&self.failing) {
            true => self.failing.clone(),
            false => self.publish(Some(&explanation), finished)?,
        };
        if trace.plan != self.best {
            let beside = self.beside();
            explanation.text = format!(
                "{} The confirmed plan stays in its place; this smaller one is in {}.",
                explanation.text,
                beside.display()
            );
            self.best = trace.plan.clone();
            reproduced = self.reproduced(&self.best);
        }
        Ok(Shrunken {
            trace,
            reproduced,
            history: self.history(finished),
            explanation,
            is_seldom,
            ending: shrunk.ending,
        })
    }
}
