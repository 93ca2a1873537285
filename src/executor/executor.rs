//! The parts that a trial is executed with, and how a stack is left.

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
    /// The kinds of request it is sent.
    pub kinds: Vec<RequestKind>,
    /// How much load it may be given.
    pub caps: Caps,
    /// What the invariants will allow; the harness waits no longer than that.
    pub limits: Limits,
    /// How trials are run.
    pub settings: Settings,
    /// Where intents are written down.
    pub journal: Arc<Journal>,
}

impl Executor {
    /// Undoes whatever a trial may have left done. It is called after each trial by itself; to call
    /// it again is harmless.
    ///
    /// # Errors
    /// When a service cannot be healed.
    pub async fn heal(&self) -> Result<(), NemesisError> {
        nemesis::heal(&self.stack, &self.journal).await
    }

    /// Leaves the stack as it was found: heals it, ends what this run itself has brought up, and
    /// closes the journal if both worked.
    ///
    /// # Errors
    /// When a service cannot be healed or released; then the journal is kept for the reaper and for
    /// `comeback heal`.
    pub async fn leave(&self) -> Result<(), NemesisError> {
        let healed = self.heal().await;
        self.end_own().await?;
        healed?;
        Ok(self.journal.end()?)
    }

    /// Ends what this run itself has brought up, and leaves all else as it is now.
    ///
    /// # Errors
    /// When a service cannot be released; then the journal is kept for the reaper and for
    /// `comeback heal`.
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
