//! Resetting the stack for the next trial.

use super::Executor;
use crate::model::{API, Act};
use crate::nemesis::{NemesisError, do_act};
use crate::stack::Driver;

/// How long a service may take to end by itself when the stack is reset.
const GRACE_MS: u64 = 10_000;

impl Executor {
    /// Whether the API can be restarted. If not, a broken one stays broken.
    pub fn can_reset(&self) -> bool {
        self.stack.api.is_some()
    }

    /// Whether the API goes on running after this process has ended, in the state in which the last
    /// trial left it.
    pub fn stands_alone(&self) -> bool {
        self.stack.api.as_ref().is_some_and(|api| api.outlives_us())
    }

    /// Restarts the whole stack: the API ends first and starts last, when the backends are ready.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub async fn reset(&self) -> Result<(), NemesisError> {
        self.heal().await?;
        let stop = Act::Stop { grace_ms: GRACE_MS };
        if let Some(api) = &self.stack.api {
            self.act(API, &**api, stop).await?;
        }
        for backend in &self.stack.backends {
            self.act(&backend.name, &*backend.driver, stop).await?;
        }
        // The next trial's set-up reports a backend that is not ready in time.
        self.start_backends(&|_| true, false, &|_| {}).await?;
        match &self.stack.api {
            Some(api) => self.act(API, &**api, Act::Start).await,
            None => Ok(()),
        }
    }

    async fn act(&self, name: &str, driver: &dyn Driver, act: Act) -> Result<(), NemesisError> {
        do_act(name, driver, act, &self.journal).await
    }
}
