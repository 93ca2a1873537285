//! A stack for the length of one command: brought up, guarded by a journal and a reaper, left as it was found.

use std::sync::Arc;

use super::interrupt;
use super::journals::{self, Reaper};
use super::source::Source;
use crate::campaign::{Audience, Bench, CampaignError, Interrupt};

/// A stack for the length of one command.
pub struct Session {
    bench: Bench,
    interrupt: Interrupt,
    _reaper: Reaper,
}

impl Session {
    /// Reads the configuration, finds the stack, and begins the journal. Nothing is touched yet.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there.
    pub async fn open(source: &Source) -> anyhow::Result<Self> {
        let interrupt = interrupt::on_signals()?;
        let journal = Arc::new(journals::begin()?);
        let reaper = Reaper::start(journal.path())?;
        match source.bench(&journal).await {
            Ok(bench) => Ok(Session {
                bench,
                interrupt,
                _reaper: reaper,
            }),
            Err(error) => {
                journal.end()?;
                Err(error)
            }
        }
    }

    /// The stack and all that its trials need.
    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    /// Brings the stack up, does something with it, and leaves it as it was found, whatever comes of it. `None` when it
    /// was interrupted before it was up.
    ///
    /// # Errors
    /// When the stack cannot be brought up, used or released.
    pub async fn with_stack<T>(
        &self,
        audience: &dyn Audience,
        use_it: impl AsyncFnOnce(&Bench, &Interrupt) -> Result<T, CampaignError>,
    ) -> anyhow::Result<Option<T>> {
        audience.busy("bringing the stack up");
        let executor = &self.bench.executor;
        let up = tokio::select! {
            biased;
            () = self.interrupt.requested() => Ok(None),
            up = executor.bring_up() => up.map(Some),
        };
        let result = match up {
            Ok(None) => Ok(None),
            Ok(Some(())) => use_it(&self.bench, &self.interrupt).await.map(Some),
            Err(error) => Err(error.into()),
        };
        audience.busy("leaving the stack as it was found");
        let left = executor.leave().await;
        // The first error of all is told.
        let result = result?;
        left?;
        Ok(result)
    }
}
