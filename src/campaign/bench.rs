//! A stack with all that its trials need.

use std::sync::Arc;

use tokio::time::Instant;

use super::Simulation;
use crate::executor::{Executor, ResetPolicy};
use crate::generator::Space;
use crate::invariant::Invariant;
use crate::load::{Client, ClientParts, Draw, LoadError, Readiness};
use crate::model::LogPatterns;
use crate::trace::{Recorder, Redaction, StackInfo};
use crate::watched;

/// Everything that a stack's trials need, whatever is made of them.
pub struct Bench {
    /// Executes the plans.
    pub executor: Executor,
    /// What plans may hold.
    pub space: Space,
    /// What traces tell of the stack.
    pub info: StackInfo,
    /// What must not reach a trace.
    pub redaction: Redaction,
    /// What the API's log is expected to show.
    pub log: LogPatterns,
    /// What is checked.
    pub invariants: Vec<Box<dyn Invariant>>,
    /// When the stack is reset.
    pub reset: ResetPolicy,
    /// Where trials are simulated: what makes a world for each. The executor's own stack is not
    /// used then.
    pub simulation: Option<Simulation>,
}

impl Bench {
    /// A client outside of any trial, sending any of the kinds. The backends count as ready, so a
    /// job's limit runs from its acceptance. The name tells its tokens from those of others.
    ///
    /// # Errors
    /// When a kind cannot be sent as it is described.
    pub fn client(&self, name: &str, seed: u64, recorder: Recorder) -> Result<Client, LoadError> {
        let executor = &self.executor;
        // Nobody will ever say that a backend has gone, so the other end is not needed.
        let (_, readiness) = watched::channel(Readiness::ReadySince(Instant::now()));
        Client::new(ClientParts {
            transport: Arc::clone(&executor.transport),
            kinds: &executor.kinds,
            limits: &executor.limits,
            caps: executor.caps,
            recorder,
            readiness,
            draw: Draw {
                seed,
                index: 0,
                token_prefix: format!("{name}-{seed:x}"),
            },
        })
    }

    /// A recorder that writes no file.
    pub fn recorder(&self) -> Recorder {
        Recorder::new(None, self.redaction.clone(), u64::MAX)
    }
}
