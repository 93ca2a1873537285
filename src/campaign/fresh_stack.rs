//! A stack that is made fresh before each execution.

use std::path::Path;

use super::trial::Attempt;
use super::{Audience, Bench, CampaignError, Interrupt};
use crate::model::{Plan, Verdict};
use crate::trace::Trace;

/// A stack that is made fresh before each execution, so that what one plan has broken is not laid
/// to the next.
pub struct FreshStack<'a> {
    bench: &'a Bench,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    is_fresh: bool,
    /// Whether the last execution held, if there was one.
    held: bool,
}

impl<'a> FreshStack<'a> {
    /// A stack that was just brought up. What stands on its own may still suffer from an execution
    /// of an earlier run.
    pub fn new(bench: &'a Bench, interrupt: &'a Interrupt, audience: &'a dyn Audience) -> Self {
        FreshStack {
            bench,
            interrupt,
            audience,
            is_fresh: !bench.executor.stands_alone(),
            held: true,
        }
    }

    /// The stack and all that its trials need.
    pub fn bench(&self) -> &Bench {
        self.bench
    }

    /// Whether it was asked to end early.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_requested()
    }

    /// Why nothing that is executed now would say anything, if it is so: what may still be broken,
    /// and cannot be made anew, would only be blamed again.
    pub(super) fn spoilt(&self) -> Option<&'static str> {
        let is_renewed = self.bench.simulation.is_some() || self.bench.executor.can_reset();
        (!self.held && !is_renewed).then_some(
            "the last execution did not hold, and the stack cannot be reset: say how by `docker`, `process` or `command` of [api]",
        )
    }

    /// Executes a plan for the nth time (from 0); its trace goes into a folder.
    ///
    /// # Errors
    /// When the stack cannot be reset, or the trace cannot be written.
    pub(super) async fn execute(
        &mut self,
        plan: &Plan,
        folder: &Path,
        nth: u64,
    ) -> Result<Trace, CampaignError> {
        if !self.is_fresh {
            self.bench.refresh(self.audience).await?;
        }
        self.is_fresh = false;
        let path = folder.join(format!("replay-{nth:04}.jsonl"));
        let execution = Attempt {
            nth,
            ..Attempt::default()
        };
        let trial = self
            .bench
            .execute(plan, execution, &path, self.interrupt, self.audience);
        let trace = trial.await?;
        self.held = trace.verdict() == Verdict::Holds;
        Ok(trace)
    }

    /// Leaves a stack that stands on its own as fresh as it was.
    ///
    /// # Errors
    /// When the stack cannot be reset.
    pub async fn leave(self) -> Result<(), CampaignError> {
        if self.bench.executor.stands_alone() && !self.is_fresh && !self.is_interrupted() {
            self.bench.refresh(self.audience).await?;
        }
        Ok(())
    }
}
