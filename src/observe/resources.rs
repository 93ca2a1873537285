//! The resources that the API uses.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::model::API;
use crate::stack::{Stack, Usage};
use crate::trace::{EventKind, Recorder};

/// Samples the resources that the API of a stack uses until it is dropped.
#[derive(Debug)]
pub struct Resources {
    _task: JoinSet<()>,
}

impl Resources {
    /// Starts sampling.
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

/// Takes and records one sample; `at_rest` says that the harness has nothing in flight. None if the
/// API is not observed or does not run, or if the sample failed: a missing sample does not make the
/// trial inconclusive.
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
