//! The parts of which a trial is made, and how a stack is left.

use std::sync::Arc;

use super::Settings;
use crate::load::{Caps, Transport};
use crate::model::{Limits, RequestKind};
use crate::nemesis::{self, Journal, NemesisError};
use crate::stack::Stack;

/// Executes plans against one stack.
#[derive(Clone)]
pub struct Executor {
    /// The stack.
    pub stack: Arc<Stack>,
    /// How requests reach its API.
    pub transport: Arc<dyn Transport>,
    /// The kinds of request that are sent to it.
    pub kinds: Vec<RequestKind>,
    /// How much load there may be.
    pub caps: Caps,
    /// The limits of the invariants; the harness waits no longer than these.
    pub limits: Limits,
    /// How a trial is run.
    pub settings: Settings,
    /// Where intents are written down.
    pub journal: Arc<Journal>,
}

impl Executor {
    /// Undoes every fault that a trial may have left. A trial does so itself at its end; calling it
    /// again is harmless.
    ///
    /// # Errors
    /// When a service cannot be healed.
    pub async fn heal(&self) -> Result<(), NemesisError> {
        nemesis::heal(&self.stack, &self.journal).await
    }

    /// Leaves the stack as it was found: heals it, ends the services that this run has started, and
    /// closes the journal if both worked.
    ///
    /// # Errors
    /// When a service cannot be healed or released; the journal is then kept for the reaper and for
    /// `comeback heal`.
    pub async fn leave(&self) -> Result<(), NemesisError> {
        let healed = self.heal().await;
        self.end_own().await?;
        healed?;
        Ok(self.journal.end()?)
    }

    /// Ends the services that this run has started, and leaves the others as they are now.
    ///
    /// # Errors
    /// When a service cannot be released; the journal is then kept for the reaper and for `comeback
    /// heal`.
    pub async fn release(&self) -> Result<(), NemesisError> {
        self.end_own().await?;
        Ok(self.journal.end()?)
    }

    async fn end_own(&self) -> Result<(), NemesisError> {
        for (_, driver) in self.stack.services() {
            driver.release().await?;
        }
        Ok(())
    }
}
