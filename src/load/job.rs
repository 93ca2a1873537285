//! A job, followed to its end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::HttpRequest;
use super::readiness::{Readiness, job_limit};
use super::reading::Reading;
use super::wire::Wire;
use crate::model::{Expect, Job, Outcome, UnknownReason};
use crate::trace::EventKind;

/// How long after its acceptance a job is first polled.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two polls.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// An accepted job, to be polled until it is terminal or has had its time.
///
/// Only a 2xx speaks for the job. A poll that is lost, or answered with an error, says nothing about it: a
/// gateway's own error may well have a field that looks like a state. Polling goes on.
pub(super) struct Accepted<'a> {
    /// What the polls go over.
    pub wire: &'a Wire,
    /// The request that became the job.
    pub request: u64,
    /// Its token.
    pub token: &'a str,
    /// How to read a poll's answer.
    pub job: &'a Job,
    /// Where the API echoes the token.
    pub expect: &'a Expect,
    /// The poll.
    pub poll: HttpRequest,
    /// The limit `job`.
    pub limit: Duration,
}

/// How a job ended, and the token that was echoed.
type End = (Outcome, Option<String>);

/// What the polls of a job have said so far.
#[derive(Default)]
struct Seen {
    any: bool,
    state: Option<String>,
    longest: Duration,
}

impl Accepted<'_> {
    /// Polls until the job is terminal, or its limit has passed; see [`Readiness`] for when that runs.
    pub async fn follow(&self, readiness: watch::Receiver<Readiness>) -> End {
        let accepted = Instant::now();
        let mut seen = Seen::default();
        tokio::select! {
            biased;
            end = self.poll_to_end(&mut seen) => end,
            () = job_limit(readiness, accepted, self.limit) => {
                let state = seen.state.as_deref().map_or_else(
                    || "no state was seen".to_owned(),
                    |state| format!("the last state was `{state}`"),
                );
                let waited = accepted.elapsed().as_secs_f64();
                let message = format!("{state}, {waited:.1} s after the job was accepted");
                (Outcome::Unknown { reason: UnknownReason::JobNotTerminal, message }, None)
            }
        }
    }

    async fn poll_to_end(&self, seen: &mut Seen) -> End {
        // A job with a tight limit is polled more often, so that its end is seen within a twentieth of it.
        let longest = LONGEST_PAUSE
            .min(self.limit / 20)
            .max(Duration::from_millis(1));
        let mut pause = FIRST_PAUSE.min(longest);
        loop {
            sleep(pause).await;
            pause = (pause * 3 / 2).min(longest);
            let sent = Instant::now();
            let answer = self.wire.exchange(self.poll.clone()).await;
            let took = sent.elapsed();
            match answer {
                Ok(reading) => {
                    let state = reading.field(&self.job.state);
                    if seen.is_news(&reading, &state, took) {
                        self.wire.recorder.record(EventKind::Polled {
                            request: self.request,
                            status: reading.status,
                            state: state.clone(),
                            latency_us: took.as_micros() as u64,
                        });
                    }
                    if let Some(end) = state.and_then(|state| self.terminal(&reading, state)) {
                        return end;
                    }
                }
                Err(lost) if lost.reason == UnknownReason::Dropped => return (lost.into(), None),
                Err(lost) => {
                    self.wire.recorder.record(EventKind::PollLost {
                        request: self.request,
                        reason: lost.reason,
                        waited_us: took.as_micros() as u64,
                    });
                }
            }
        }
    }

    fn terminal(&self, reading: &Reading, state: String) -> Option<End> {
        if !reading.is_success() {
            None
        } else if self.job.done.contains(&state) {
            Some((Outcome::Ok, reading.echo(self.expect, self.token)))
        } else if self.job.failed.contains(&state) {
            let outcome = Outcome::Failed {
                status: reading.status,
                job_state: Some(state),
                message: reading.message_at(self.job.message.as_deref()),
            };
            Some((outcome, reading.echo(self.expect, self.token)))
        } else {
            None
        }
    }
}

impl Seen {
    /// Whether a poll's answer says something new: another state, an error, or that polls have become slower.
    fn is_news(&mut self, reading: &Reading, state: &Option<String>, took: Duration) -> bool {
        let news =
            !self.any || self.state != *state || !reading.is_success() || took > self.longest;
        self.any = true;
        self.longest = self.longest.max(took);
        if state.is_some() {
            self.state.clone_from(state);
        }
        news
    }
}
