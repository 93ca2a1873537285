//! The API's processor: takes jobs from the queue and lets the backend work on them.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::caller::Caller;
use super::jobs::{JobId, JobStatus, Jobs};
use super::provider::{CallError, Provider};
use super::{ApiSettings, Host, Variant};
use crate::watch;

/// What the processor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ProcessorState {
    /// It is ready for jobs.
    Idle,
    /// It has jobs in flight, and takes no more.
    Busy,
}

/// Processes the queued jobs in batches. Each job of a batch has its own lane.
pub(super) struct Processor {
    provider: Arc<Provider>,
    caller: Arc<Caller>,
    jobs: Arc<Jobs>,
    settings: ApiSettings,
    host: Host,
    state: watch::Sender<ProcessorState>,
    /// The number of reconnects when each lane was last used.
    lanes: Mutex<BTreeMap<usize, u32>>,
}

impl Processor {
    /// An idle processor.
    pub fn new(
        provider: Arc<Provider>,
        caller: Arc<Caller>,
        jobs: Arc<Jobs>,
        settings: ApiSettings,
        host: Host,
    ) -> Self {
        Processor {
            provider,
            caller,
            jobs,
            settings,
            host,
            state: watch::Sender::new(ProcessorState::Idle),
            lanes: Mutex::default(),
        }
    }

    /// What it is doing.
    pub fn state(&self) -> ProcessorState {
        *self.state.borrow()
    }

    /// Processes jobs until the sending end of the queue is dropped.
    pub async fn run(&self, mut queue: mpsc::Receiver<JobId>) {
        let mut idle = self.state.subscribe();
        let mut chances = Rng::with_seed(self.host.seed);
        let mut reconnects = 0;
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, self.settings.batch).await > 0 {
            // BUG deaf-processor: one reconnect in three does not subscribe to the queue again.
            if self.settings.is(Variant::DeafProcessor) {
                let new = self.provider.reconnects() - reconnects;
                reconnects += new;
                if (0..new).any(|_| chances.u8(..3) == 0) {
                    pending::<()>().await;
                }
            }
            // BUG full-queue: it checks for the backend only when another job arrives, and a full
            // queue accepts none.
            if self.settings.is(Variant::FullQueue) {
                while !self.provider.connected() {
                    self.jobs.until_another().await;
                }
            }
            // The sender lives in `self`, so this cannot fail.
            let _ = idle.wait_for(|state| *state == ProcessorState::Idle).await;
            self.state.send_replace(ProcessorState::Busy);
            let errors = self.process(&batch).await;
            let broken = errors.contains(&CallError::Broken);
            // BUG doubled-job: the jobs are queued again although they were reported as failed.
            if !(broken && self.settings.is(Variant::DoubledJob)) {
                batch.clear();
            }
            // BUG lost-job: the queue is discarded along with the batch.
            if broken && self.settings.is(Variant::LostJob) {
                while let Ok(id) = queue.try_recv() {
                    self.jobs.forget(id);
                }
            }
            // BUG stuck-busy: this early exit does not set the processor to idle again.
            if broken && self.settings.is(Variant::StuckBusy) {
                continue;
            }
            self.state.send_replace(ProcessorState::Idle);
        }
    }

    /// Processes the jobs of a batch concurrently. Returns the errors of those that failed.
    async fn process(&self, batch: &[JobId]) -> Vec<CallError> {
        let lanes = batch.iter().enumerate();
        let results = join_all(lanes.map(|(lane, &id)| self.process_one(lane, id))).await;
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        if let Some(first) = errors.first() {
            let count = errors.len();
            self.host
                .log
                .line(format_args!("{count} job(s) failed: {first}"));
        }
        errors
    }

    async fn process_one(&self, lane: usize, id: JobId) -> Result<(), CallError> {
        let Some(job) = self.jobs.get(id) else {
            return Ok(());
        };
        self.jobs.update(id, |job| job.status = JobStatus::Starting);
        let connected = self.provider.connected_since();
        sleep(self.settings.startup).await;
        // BUG forgotten-start: the connection that it was started for is lost, and nothing tracks
        // the job any more.
        if self.settings.is(Variant::ForgottenStart)
            && connected.is_some()
            && connected != self.provider.connected_since()
        {
            return Ok(());
        }
        self.jobs.update(id, |job| job.status = JobStatus::Running);
        let result = match self.prepare(lane) {
            Ok(()) => self.caller.call(job.token).await,
            Err(error) => Err(error),
        };
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

    /// Prepares a lane for the current session.
    fn prepare(&self, lane: usize) -> Result<(), CallError> {
        let now = self.provider.reconnects();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lanes.insert(lane, now);
        // BUG first-call-fails: a lane's handle is renewed only after a failure.
        if self.settings.is(Variant::FirstCallFails) && before.is_some_and(|before| before != now) {
            return Err(CallError::StaleHandle);
        }
        Ok(())
    }
}
