//! The parts of which a trial is made, and how a stack is left.

use std::sync::Arc;

use tokio::time::Instant;

use super::Settings;
use crate::load::{Caps, Client, ClientParts, Draw, LoadError, Readiness, Transport};
use crate::model::{Limits, RequestKind};
use crate::nemesis::{self, Journal, NemesisError};
use crate::stack::Stack;
use crate::trace::Recorder;
use crate::watched;

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

    /// A client that sends any of the kinds, and whose requests one recorder records.
    ///
    /// # Errors
    /// When a kind cannot be sent as it is described.
    pub(super) fn client(
        &self,
        recorder: Recorder,
        readiness: watched::Receiver<Readiness>,
        draw: Draw,
    ) -> Result<Client, LoadError> {
        Client::new(ClientParts {
            transport: Arc::clone(&self.transport),
            kinds: &self.kinds,
            limits: &self.limits,
            caps: self.caps,
            recorder,
            readiness,
            draw,
        })
    }

    /// The same outside of a trial's history: the backends count as ready, so a job's limit runs
    /// from its acceptance.
    ///
    /// # Errors
    /// As [`Executor::client`].
    pub(crate) fn client_beside(
        &self,
        recorder: Recorder,
        draw: Draw,
    ) -> Result<Client, LoadError> {
        // Nobody will ever say that a backend has gone, so the other end is not needed.
        let (_, readiness) = watched::channel(Readiness::ReadySince(Instant::now()));
        self.client(recorder, readiness, draw)
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
