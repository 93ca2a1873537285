//! Executions of recorded plans, each on a stack that was reset before.

use std::path::Path;

use super::{Attempt, Audience, CampaignError, Interrupt, StackHandle};
use crate::model::{Plan, Verdict};
use crate::trace::Trace;

/// Executes plans on a stack that it resets before each, so that what one plan has broken does not
/// count against the next.
pub struct Replayer<'a> {
    handle: &'a StackHandle,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    is_fresh: bool,
    /// Whether the last execution held, if there was one.
    held: bool,
}

impl<'a> Replayer<'a> {
    /// A replayer on a stack that was just brought up. An API that outlives this process may still
    /// suffer from an execution of an earlier run.
    pub fn new(
        handle: &'a StackHandle,
        interrupt: &'a Interrupt,
        audience: &'a dyn Audience,
    ) -> Self {
        Replayer {
            handle,
            interrupt,
            audience,
            is_fresh: !handle.executor.stands_alone(),
            held: true,
        }
    }

    /// The stack and all that its trials need.
    pub fn handle(&self) -> &StackHandle {
        self.handle
    }

    /// Whether an interruption was requested.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_requested()
    }

    /// Why another execution would prove nothing, if so: a stack that may be broken and cannot be
    /// reset would only fail again.
    pub(super) fn why_unusable(&self) -> Option<&'static str> {
        (!self.held && !self.handle.can_reset()).then_some(
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
            self.handle.reset(self.audience).await?;
        }
        self.is_fresh = false;
        let path = folder.join(format!("replay-{nth:04}.jsonl"));
        let attempt = Attempt {
            nth,
            path: Some(&path),
            ..Attempt::of(plan)
        };
        let trial = self.handle.execute(attempt, self.interrupt, self.audience);
        let trace = trial.await?;
        self.held = trace.verdict() == Verdict::Holds;
        Ok(trace)
    }

    /// Resets an API that outlives this process, if it was used.
    ///
    /// # Errors
    /// When the stack cannot be reset.
    pub async fn leave(self) -> Result<(), CampaignError> {
        if self.handle.executor.stands_alone() && !self.is_fresh && !self.is_interrupted() {
            self.handle.reset(self.audience).await?;
        }
        Ok(())
    }
}
