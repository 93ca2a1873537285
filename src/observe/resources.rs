//! What the API uses of its machine.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::model::API;
use crate::stack::{Stack, Usage};
use crate::trace::{EventKind, Recorder};

/// Records what the API of a stack uses again and again, for as long as it lives.
#[derive(Debug)]
pub struct Resources {
    _task: JoinSet<()>,
}

impl Resources {
    /// Starts to look, once in every such time.
    pub fn observe(stack: &Arc<Stack>, recorder: &Recorder, every: Duration) -> Self {
        let (stack, recorder) = (Arc::clone(stack), recorder.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                look(&stack, &recorder, false).await;
                sleep(every).await;
            }
        });
        Resources { _task: task }
    }
}

/// Looks once and records what is seen; `at_rest` says that the harness has nothing in flight. None
/// where the API is not observed, does not run, or cannot be looked at just now: a look that fails
/// is one sample less, and no trouble of the trial.
pub async fn look(stack: &Stack, recorder: &Recorder, at_rest: bool) -> Option<Usage> {
    let usage = stack.api.as_ref()?.usage().await.ok().flatten()?;
    recorder.record(EventKind::Resources {
        service: API.to_owned(),
        identity: usage.identity.clone(),
        cpu_us: usage.cpu.as_micros() as u64,
        memory_bytes: usage.memory_bytes,
        fds: usage.fds,
        threads: usage.threads,
        at_rest,
    });
    Some(usage)
}
