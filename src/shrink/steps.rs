//! A plan's steps, as places of a set.

use super::belief::Belief;
use super::executions::{Execution, Executions};
use super::passes::{no_later, without};
use super::places::Places;
use super::trials::{Purpose, Trials};
use crate::model::{Plan, StepId, StepTimes};

/// The plans that are made of one by leaving out steps.
pub struct StepRemoval<'a, E> {
    /// That plan.
    pub plan: &'a Plan,
    /// When its steps were done.
    pub times: &'a StepTimes,
    /// The steps that may be left out, by place; behind them the background load, if there is any.
    pub places: &'a [StepId],
    /// The greatest offset from what a step is anchored to.
    pub longest_offset_ms: u64,
    /// Where plans are executed.
    pub executions: &'a mut E,
}

impl<E: Executions> StepRemoval<'_, E> {
    /// The plan with these of its steps.
    pub fn plan_of(&self, kept: Places) -> Plan {
        let is_kept = |place: usize| kept >> place & 1 == 1;
        let places = self.places.iter().enumerate();
        let gone = places.filter(|(place, _)| !is_kept(*place));
        let gone = gone.map(|(_, id)| id.clone()).collect();
        let background = self.plan.background.clone();
        let kept = Plan {
            background: background.filter(|_| is_kept(self.places.len())),
            ..without(self.plan, &gone, self.times)
        };
        no_later(kept, self.longest_offset_ms)
    }
}

impl<E: Executions> Trials for StepRemoval<'_, E> {
    async fn fails(&mut self, kept: Places, purpose: Purpose) -> Option<bool> {
        let plan = self.plan_of(kept);
        let execution = self.executions.execute(&plan, purpose).await?;
        Some(execution == Execution::Failed)
    }

    fn best(&mut self, kept: Places, belief: &Belief) {
        let plan = self.plan_of(kept);
        self.executions.best(&plan, belief.rate());
    }
}
