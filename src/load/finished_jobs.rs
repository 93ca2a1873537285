//! Polls finished jobs once more: a terminal state must never change.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::HttpRequest;
use super::wire::TimedTransport;
use crate::model::{Job, Outcome};
use crate::trace::EventKind;

/// How many jobs are polled again: the last ones that ended.
const MOST: usize = 256;

/// A job that the API reported as ended, and how to poll it again.
pub(super) struct FinishedJob {
    /// The request that became this job.
    pub request: u64,
    /// The poll.
    pub poll: HttpRequest,
    /// How to read the response to the poll.
    pub job: Job,
    /// How the job ended.
    pub outcome: Outcome,
}

/// The finished jobs, the latest at the back.
#[derive(Default)]
pub(super) struct FinishedJobs(Mutex<VecDeque<FinishedJob>>);

impl FinishedJobs {
    /// Polls the jobs once more, and records each whose state has changed: a job that runs twice
    /// may fail and complete. It ends at the first poll without an answer, because then there is
    /// nothing more to learn; it waits for that no longer than the API has shown that it needs, for
    /// the trial has waited for what hangs already. How many jobs it polled, and for how long, is
    /// recorded, too.
    pub async fn poll_again(&self, wire: &TimedTransport) {
        let (began, mut polls) = (Instant::now(), 0);
        for job in self.take() {
            polls += 1;
            if !job.poll_again(wire).await {
                break;
            }
        }
        if polls > 0 {
            let over_us = micros(began.elapsed());
            wire.recorder
                .record(EventKind::LookedBack { polls, over_us });
        }
    }

    /// Remembers a job, if the API said that it has ended.
    pub fn remember(&self, finished: FinishedJob) {
        let has_ended = match &finished.outcome {
            Outcome::Ok => true,
            Outcome::Failed { job_state, .. } => job_state.is_some(),
            Outcome::Unknown { .. } => false,
        };
        if has_ended {
            let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.push_back(finished);
            if jobs.len() > MOST {
                jobs.pop_front();
            }
        }
    }

    fn take(&self) -> VecDeque<FinishedJob> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FinishedJob {
    /// Polls the job, and records a state that is new. `false` when there was no answer.
    async fn poll_again(&self, wire: &TimedTransport) -> bool {
        let sent = Instant::now();
        let answer = wire.exchange_again(self.poll.clone()).await;
        let took = sent.elapsed();
        match answer {
            Ok(answer) => {
                // A state beyond the part of a body that is read is no news.
                let state = answer.field(&self.job.state).ok().flatten();
                let changed = state
                    .as_ref()
                    .is_some_and(|state| !self.has_ended_in(state));
                if changed && answer.is_success() {
                    wire.recorder.record(EventKind::Polled {
                        request: self.request,
                        status: answer.status,
                        state,
                        latency_us: micros(took),
                    });
                }
                true
            }
            Err(_) => false,
        }
    }

    fn has_ended_in(&self, state: &String) -> bool {
        match &self.outcome {
            Outcome::Failed { job_state, .. } => job_state.as_ref() == Some(state),
            _ => self.job.done.contains(state),
        }
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Caps;
    use crate::load::tests::scripted::{Reply, rig};
    use crate::trace::Origin;

    /// The events after the end of a job whose polls return these states.
    async fn afterwards(states: &'static [&'static str]) -> Vec<String> {
        let rig = rig(Caps::default(), move |request, before| {
            match request.path.as_str() {
                "/request" => Reply::now(202, r#"{"id":7}"#),
                _ => match states.get(before - 1) {
                    Some(state) => Reply::now(200, &format!(r#"{{"state":"{state}"}}"#)),
                    None => Reply::now(404, r#"{"state":"GONE"}"#),
                },
            }
        });
        let kind = "job".to_owned();
        let request = rig.client.request(&Origin::Probe, &kind, Instant::now());
        request.await;
        let ended = rig.story().len();
        rig.client.poll_finished_jobs().await;
        rig.client.poll_finished_jobs().await;
        rig.story().split_off(ended)
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_changed_after_its_end_is_told_once_and_others_are_not() {
        assert_eq!(
            afterwards(&["F", "D", "D"]).await,
            ["10 polled 0 200 D", "10 looked back at 1"]
        );
        assert_eq!(
            afterwards(&["D", "R", "D"]).await,
            ["10 polled 0 200 R", "10 looked back at 1"]
        );
        assert_eq!(afterwards(&["F", "F"]).await, ["10 looked back at 1"]);
        assert_eq!(afterwards(&["D", "D"]).await, ["10 looked back at 1"]);
        assert_eq!(
            afterwards(&["D"]).await,
            ["10 looked back at 1"],
            "it may be forgotten"
        );
    }
}
