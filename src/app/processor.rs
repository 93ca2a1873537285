//! The one processor of the API: it takes jobs from the queue and has the backend work on them.

use std::sync::Arc;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::jobs::{JobId, JobStatus, Jobs};
use super::provider::{CallError, Provider};
use super::{Log, Settings};

/// What the processor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ProcessorState {
    /// It would take jobs.
    Idle,
    /// It has jobs in flight, and takes no more.
    Busy,
}

/// Takes the queued jobs, a batch at a time.
pub(super) struct Processor {
    provider: Arc<Provider>,
    jobs: Arc<Jobs>,
    settings: Settings,
    log: Log,
    state: watch::Sender<ProcessorState>,
}

impl Processor {
    /// An idle processor.
    pub fn new(provider: Arc<Provider>, jobs: Arc<Jobs>, settings: Settings, log: Log) -> Self {
        Processor {
            provider,
            jobs,
            settings,
            log,
            state: watch::Sender::new(ProcessorState::Idle),
        }
    }

    /// What it is doing.
    pub fn state(&self) -> ProcessorState {
        *self.state.borrow()
    }

    /// Processes jobs until the queue's other end is dropped.
    pub async fn run(&self, mut queue: mpsc::Receiver<JobId>) {
        let mut idle = self.state.subscribe();
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, self.settings.batch).await > 0 {
            // The sender lives in `self`, so this cannot fail.
            let _ = idle.wait_for(|state| *state == ProcessorState::Idle).await;
            self.state.send_replace(ProcessorState::Busy);
            let errors = self.process(&batch).await;
            batch.clear();
            // BUG stuck-busy: this early way out forgets to say that the processor is idle again.
            if self.settings.bugs.stays_busy_when_broken && errors.contains(&CallError::Broken) {
                continue;
            }
            self.state.send_replace(ProcessorState::Idle);
        }
    }

    /// Has a batch of jobs done, all at once. Returns the errors of those that failed.
    async fn process(&self, batch: &[JobId]) -> Vec<CallError> {
        let results = join_all(batch.iter().map(|&id| self.process_one(id))).await;
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        if let Some(first) = errors.first() {
            self.log
                .line(format_args!("{} job(s) failed: {first}", errors.len()));
        }
        errors
    }

    async fn process_one(&self, id: JobId) -> Result<(), CallError> {
        let Some(job) = self.jobs.get(id) else {
            return Ok(());
        };
        self.jobs.update(id, |job| job.status = JobStatus::Running);
        let result = self.provider.call(job.token).await;
        self.jobs.update(id, |job| match &result {
            Ok(answer) => {
                job.status = JobStatus::Completed;
                job.token = answer.token.clone();
                job.description.clone_from(&answer.result);
            }
            Err(error) => {
                job.status = JobStatus::Error;
                job.description = error.to_string();
            }
        });
        result.map(drop)
    }
}
