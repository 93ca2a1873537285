//! The table of jobs, and their queue.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::watch;

/// A job's number.
pub(super) type JobId = u64;

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum JobStatus {
    /// The API has accepted it. Only the submitter sees this status.
    Received,
    /// It waits for the processor.
    Queued,
    /// The processor prepares it.
    Starting,
    /// The backend works on it.
    Running,
    /// It is done.
    Completed,
    /// It has failed.
    Error,
}

/// The current state of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct QueuedJob {
    /// Its status.
    pub status: JobStatus,
    /// The submitter's token; once the job is done, the token that the backend returned.
    pub token: Value,
    /// Its result, or why it failed.
    pub description: String,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full ({0} jobs): try again later")]
pub(super) struct QueueFull(usize);

/// The known jobs, and the sending end of the queue.
pub(super) struct Jobs {
    table: Mutex<Table>,
    queue: mpsc::Sender<JobId>,
    /// The last job that was queued.
    arrivals: watch::Sender<JobId>,
    max_known: usize,
}

#[derive(Default)]
struct Table {
    jobs: BTreeMap<JobId, QueuedJob>,
    last: JobId,
}

impl Jobs {
    /// A table that remembers `max_known` jobs, and a queue of at most `max_queued`. The processor
    /// gets the receiving end.
    pub fn new(max_known: usize, max_queued: usize) -> (Self, mpsc::Receiver<JobId>) {
        let (queue, processor) = mpsc::channel(max_queued);
        let jobs = Jobs {
            table: Mutex::default(),
            queue,
            arrivals: watch::Sender::new(0),
            max_known,
        };
        (jobs, processor)
    }

    /// Accepts and queues a job if fewer than `most` are queued.
    ///
    /// # Errors
    /// When the queue is full. Then the job is not remembered.
    pub fn submit(&self, token: Value, most: usize) -> Result<JobId, QueueFull> {
        if self.queued() >= most {
            return Err(QueueFull(most));
        }
        let place = self
            .queue
            .try_reserve()
            .map_err(|_| QueueFull(self.queue.max_capacity()))?;
        let mut table = self.table();
        table.last += 1;
        let id = table.last;
        let job = QueuedJob {
            status: JobStatus::Queued,
            token,
            description: String::new(),
        };
        table.jobs.insert(id, job);
        table.forget_beyond(self.max_known);
        place.send(id);
        self.arrivals.send_replace(id);
        Ok(id)
    }

    /// Returns when another job arrives.
    pub async fn until_another(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.arrivals.subscribe().changed().await;
    }

    /// A job, if it is still known.
    pub fn get(&self, id: JobId) -> Option<QueuedJob> {
        self.table().jobs.get(&id).cloned()
    }

    /// Changes a job.
    pub fn update(&self, id: JobId, change: impl FnOnce(&mut QueuedJob)) {
        if let Some(job) = self.table().jobs.get_mut(&id) {
            change(job);
        }
    }

    /// Forgets a job.
    pub fn forget(&self, id: JobId) {
        self.table().jobs.remove(&id);
    }

    /// How many jobs are in the queue.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is one assignment, so a panic elsewhere cannot have left a job half-changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Forgets the oldest finished jobs. The queue limits the number of unfinished ones.
    fn forget_beyond(&mut self, max_known: usize) {
        while self.jobs.len() > max_known {
            let mut ids = self.jobs.iter();
            let Some((&oldest, _)) = ids.find(|(_, job)| job.status.is_final()) else {
                return;
            };
            self.jobs.remove(&oldest);
        }
    }
}

impl JobStatus {
    fn is_final(self) -> bool {
        matches!(self, JobStatus::Completed | JobStatus::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses() {
        let (jobs, _queue) = Jobs::new(10, 2);
        jobs.submit(Value::Null, 9).unwrap();
        jobs.submit(Value::Null, 9).unwrap();
        assert_eq!(jobs.submit(Value::Null, 9), Err(QueueFull(2)));
        assert_eq!(jobs.queued(), 2);
        assert_eq!(jobs.get(3), None);
    }

    #[test]
    fn the_oldest_finished_job_is_forgotten_first() {
        let (jobs, _queue) = Jobs::new(3, 10);
        let ids: Vec<_> = (0..3)
            .map(|_| jobs.submit(Value::Null, 9).unwrap())
            .collect();
        for &id in &ids[1..] {
            jobs.update(id, |job| job.status = JobStatus::Completed);
        }
        jobs.submit(Value::Null, 9).unwrap();
        let known = |id| jobs.get(id).is_some();
        assert!(known(ids[0]) && !known(ids[1]) && known(ids[2]));
    }
}
