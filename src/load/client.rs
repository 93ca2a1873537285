//! The client of one trial: sends requests, follows their jobs, and records what happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::claims::Claims;
use super::finished_jobs::{FinishedJob, FinishedJobs};
use super::gate::{Gate, Passage};
use super::job::AcceptedJob;
use super::kind::{Draft, Kind, Submitted};
use super::pending::Pending;
use super::successes::Successes;
use super::values::Past;
use super::wire::TimedTransport;
use super::{Caps, Draw, LoadError, Readiness, Transport};
use crate::model::{KindName, Limits, Mix, Outcome, RequestKind, UnknownReason};
use crate::trace::{EventKind, Origin, Recorder};
use crate::watched;

/// Sends the requests of one trial, and follows each to its end. Clones share the numbering and the
/// caps.
///
/// Every exchange (a request or a job's poll) may take as long as the limit `answer`, counted from
/// the moment it is sent. Timer rounding and the caps make that moment later than the intended one;
/// neither is the API's fault. Latency is still measured from the intended moment.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// The parts of a client.
pub struct ClientParts<'a> {
    /// Carries the requests.
    pub transport: Arc<dyn Transport>,
    /// All request kinds.
    pub kinds: &'a [RequestKind],
    /// The limits in force. The client uses `answer` and `job`.
    pub limits: &'a Limits,
    /// Upper bounds on the load.
    pub caps: Caps,
    /// Records all events.
    pub recorder: Recorder,
    /// Whether the backends are ready. A job's limit depends on it.
    pub readiness: watched::Receiver<Readiness>,
    /// The source of tokens and drawn values.
    pub draw: Draw,
}

struct Inner {
    wire: TimedTransport,
    kinds: BTreeMap<KindName, Kind>,
    job_limit: Duration,
    gate: Gate,
    readiness: watched::Receiver<Readiness>,
    draw: Draw,
    claims: Claims,
    successes: Successes,
    finished: FinishedJobs,
}

impl Client {
    /// Creates the client of one trial.
    ///
    /// # Errors
    /// When a request kind or a cap is invalid.
    pub fn new(parts: ClientParts<'_>) -> Result<Self, LoadError> {
        Ok(Client(Arc::new(Inner {
            kinds: Kind::all(parts.kinds)?,
            gate: Gate::new(&parts.caps)?,
            wire: TimedTransport::new(
                parts.transport,
                Duration::from_millis(parts.limits.answer_ms),
                parts.recorder,
            ),
            job_limit: Duration::from_millis(parts.limits.job_ms),
            readiness: parts.readiness,
            draw: parts.draw,
            claims: Claims::default(),
            successes: Successes::default(),
            finished: FinishedJobs::default(),
        })))
    }

    /// Performs one request to its end and records it: `Sent`, for a job `Accepted` and news from
    /// its polls, and exactly one `Ended`, even if the returned future is dropped half-way.
    /// `intended` is when the request was due, now or in the past.
    ///
    /// If the harness itself fails (a cap is used up, the environment is out of resources), the
    /// outcome is `unknown` with the reason `Dropped`, and a `Trouble` is recorded. A request that
    /// could not be started records nothing else.
    pub async fn request(&self, origin: &Origin, kind: &KindName, intended: Instant) -> Outcome {
        match self.0.kinds.get_key_value(kind) {
            Some(known) => self.0.request(origin, known, intended).await,
            None => self.give_up(format!("there is no request kind `{kind}`")),
        }
    }

    /// Performs the `nth` request of a load. Its kind is drawn from a mix.
    pub(super) async fn nth_request(
        &self,
        origin: &Origin,
        mix: &Mix,
        nth: u64,
        intended: Instant,
    ) -> Outcome {
        match self.0.draw.kind(origin, nth, mix) {
            Some(kind) => self.request(origin, kind, intended).await,
            None => self.give_up(format!("the load of {origin} has no request kinds")),
        }
    }

    /// Waits until no request is in flight. Those of a load that was dropped end a moment later.
    pub async fn idle(&self) {
        self.0.gate.idle().await;
    }

    /// Polls the jobs that have ended once more, and records each whose state has changed.
    pub async fn poll_finished_jobs(&self) {
        self.0.finished.poll_again(&self.0.wire).await;
    }

    /// Records that the harness cannot send a request.
    pub(super) fn give_up(&self, message: String) -> Outcome {
        self.0.wire.trouble(message).into()
    }
}

impl Inner {
    async fn request(
        &self,
        origin: &Origin,
        asked: (&KindName, &Kind),
        intended: Instant,
    ) -> Outcome {
        let (number, _permit) = match self.gate.pass().await {
            Passage::Granted(number, permit) => (number, permit),
            Passage::UsedUp { first } => return self.used_up(first),
        };
        let (known, after) = self.in_order(asked, number);
        let draft = match known.1.draft(&self.draw, number, after) {
            Ok(draft) => draft,
            Err(error) => return self.wire.trouble(error.to_string()).into(),
        };
        self.wire.recorder.record(EventKind::Sent {
            request: number,
            origin: origin.clone(),
            kind: known.0.clone(),
            token: draft.values.token.clone(),
            intended_us: self.wire.recorder.at_us(intended),
            after: draft.values.after.as_ref().map(|past| past.number),
        });
        self.claims.add(number, &draft.expected);
        let mut pending = Pending::new(&self.wire.recorder, number, intended);
        let (outcome, echo) = self.perform(known, draft, &mut pending).await;
        pending.end(outcome, echo)
    }

    /// The kind to send when `asked` is due, and the earlier request that it follows. As long as
    /// none of the kind that `asked` follows has succeeded, one of that kind is sent instead.
    fn in_order<'k>(
        &'k self,
        asked: (&'k KindName, &'k Kind),
        number: u64,
    ) -> ((&'k KindName, &'k Kind), Option<Arc<Past>>) {
        let mut known = asked;
        let mut rng = self.draw.follows(number);
        while let Some(first) = &known.1.after {
            let past = self.successes.draw(first, &mut rng);
            // A kind can only follow an earlier one, so this loop ends.
            match (past, self.kinds.get_key_value(first)) {
                (None, Some(before)) => known = before,
                (past, _) => return (known, past),
            }
        }
        (known, None)
    }

    /// Remembers a successful request if others may follow it.
    fn remember(&self, kind: &KindName, past: Option<Past>, outcome: &Outcome) {
        if let Some(past) = past.filter(|_| outcome.is_ok()) {
            self.successes.remember(kind, past);
        }
    }

    fn used_up(&self, first: bool) -> Outcome {
        let message = "the cap on requests is used up".to_owned();
        if first {
            return self.wire.trouble(message).into();
        }
        Outcome::Unknown {
            reason: UnknownReason::Dropped,
            message,
        }
    }

    /// Sends a request and, if it becomes a job, follows it. Returns the outcome and the echoed
    /// token.
    async fn perform(
        &self,
        (name, kind): (&KindName, &Kind),
        mut draft: Draft,
        pending: &mut Pending<'_>,
    ) -> (Outcome, Option<String>) {
        let answer = match self.wire.exchange(draft.request.clone()).await {
            Ok(answer) => answer,
            Err(lost) => return (lost.into(), None),
        };
        let past = kind.past(&draft, &answer);
        let (job, poll, id) = match kind.submitted(&draft, &answer, &self.claims) {
            Ok(Submitted::Ended(outcome, echo)) => {
                self.remember(name, past, &outcome);
                return (outcome, echo);
            }
            Ok(Submitted::Mismatched(outcome, mismatch)) => {
                pending.mismatched(mismatch);
                return (outcome, None);
            }
            Ok(Submitted::AcceptedJob(job, poll, id)) => (job, poll, id),
            Err(cut) => return (self.wire.trouble(cut.to_string()).into(), None),
        };
        let poll = poll.request(&draft.request.headers, &id, &mut draft.values);
        pending.accepted(id);
        let accepted = AcceptedJob {
            wire: &self.wire,
            request: pending.request(),
            token: &draft.values.token,
            job,
            echo: kind.echo.as_deref(),
            poll,
            limit: self.job_limit,
        };
        let (outcome, echo) = accepted.follow(self.readiness.clone()).await;
        self.remember(name, past, &outcome);
        self.finished.remember(FinishedJob {
            request: accepted.request,
            poll: accepted.poll,
            job: job.clone(),
            outcome: outcome.clone(),
        });
        (outcome, echo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::scripted::{Reply, Rig, rig};

    async fn send(rig: &Rig, kind: &str) -> Outcome {
        let kind = kind.to_owned();
        rig.client
            .request(&Origin::Probe, &kind, Instant::now())
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_plain_request_ends_as_the_api_answers() {
        let cases = [
            (
                Reply::Answer(7, 200, r#"{"token":"t-00000000"}"#.to_owned()),
                "7 ended 0 Submit ok 7 t-00000000",
            ),
            (Reply::now(200, "{}"), "0 ended 0 Submit ok 0 -"),
            (
                Reply::Answer(3, 503, r#"{"error":"backend lost"}"#.to_owned()),
                r#"3 ended 0 Submit failed 503 - "backend lost" 3 -"#,
            ),
            (
                Reply::now(302, ""),
                r#"0 ended 0 Submit failed 302 - "" 0 -"#,
            ),
            (
                Reply::Lost(5, UnknownReason::Reset),
                r#"5 ended 0 Submit unknown Reset "connection broke" 5 -"#,
            ),
            (
                Reply::Silence,
                r#"1000 ended 0 Submit unknown TimedOut "no answer within 1 s" 1000 -"#,
            ),
        ];
        for (reply, end) in cases {
            let rig = rig(Caps::default(), move |_, _| reply.clone());
            send(&rig, "plain").await;
            let story = rig.story();
            assert_eq!(story, ["0 sent 0 probe plain t-00000000 due 0", end]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_decides_beyond_the_limit_of_a_body_is_trouble_by_name() {
        let cut = r#"{"token":"t-00000000","id":7,"x":"xxx"#;
        for kind in ["plain", "job"] {
            let rig = rig(Caps::default(), move |_, _| Reply::Cut(200, cut.to_owned()));
            send(&rig, kind).await;
            let story = rig.story();
            assert!(story[1].ends_with("raise `[api] max-body`"), "{story:?}");
            assert!(story[2].starts_with("0 ended 0 Submit unknown Dropped"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_harness_s_own_error_is_trouble_and_no_verdict_on_the_api() {
        let rig = rig(Caps::default(), |_, _| Reply::Harness);
        send(&rig, "plain").await;
        assert_eq!(
            rig.story()[1..],
            [
                "0 trouble too many open files",
                r#"0 ended 0 Submit unknown Dropped "too many open files" 0 -"#
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_held_back_gets_its_whole_limit_and_counts_from_its_due_time() {
        let caps = Caps {
            in_flight: 1,
            ..Caps::default()
        };
        let rig = rig(caps, |_, _| {
            Reply::Answer(900, 200, r#"{"token":"none"}"#.to_owned())
        });
        tokio::join!(send(&rig, "plain"), send(&rig, "plain"));
        assert_eq!(
            rig.story(),
            [
                "0 sent 0 probe plain t-00000000 due 0",
                "900 ended 0 Submit ok 900 none",
                "900 sent 1 probe plain t-00000001 due 0",
                "1800 ended 1 Submit ok 1800 none",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_request_that_is_dropped_is_recorded_and_nothing_after_it() {
        for kind in ["plain", "job"] {
            let rig = rig(Caps::default(), |request, _| match request.path.as_str() {
                "/request" => Reply::now(200, r#"{"id":1}"#),
                _ => Reply::Silence,
            });
            let limit = Duration::from_millis(500);
            let _ = tokio::time::timeout(limit, send(&rig, kind)).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            let story = rig.story();
            let exchange = if kind == "plain" { "Submit" } else { "Poll" };
            let end = format!("500 ended 0 {exchange} unknown Dropped");
            assert!(story.last().unwrap().starts_with(&end), "{story:?}");
            assert_eq!(
                story.iter().filter(|line| line.contains("ended")).count(),
                1
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_begun_is_trouble_only() {
        let caps = Caps {
            requests: 1,
            ..Caps::default()
        };
        let rig = rig(caps, |_, _| Reply::now(200, "{}"));
        send(&rig, "nonsense").await;
        for _ in 0..3 {
            send(&rig, "plain").await;
        }
        assert_eq!(
            rig.story(),
            [
                "0 trouble there is no request kind `nonsense`",
                "0 sent 0 probe plain t-00000000 due 0",
                "0 ended 0 Submit ok 0 -",
                "0 trouble the cap on requests is used up",
            ]
        );
    }
}
