//! Follows a job to its end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::HttpRequest;
use super::parsed_answer::ParsedAnswer;
use super::readiness::{Readiness, job_limit};
use super::wire::TimedTransport;
use crate::model::{Job, Outcome, UnknownReason, duration};
use crate::trace::EventKind;
use crate::watched;

/// The time from a job's acceptance to its first poll.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two polls.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// An accepted job, which is polled until it is terminal or its limit has passed.
///
/// Only a 2xx response decides. After a lost poll or an error response polling goes on: the error
/// of a gateway may have a field that looks like a state.
pub(super) struct AcceptedJob<'a> {
    /// Carries the polls.
    pub wire: &'a TimedTransport,
    /// The request that became the job.
    pub request: u64,
    /// The request's token.
    pub token: &'a str,
    /// How to read the response to a poll.
    pub job: &'a Job,
    /// The JSON pointer to the echoed token.
    pub echo: Option<&'a str>,
    /// The poll.
    pub poll: HttpRequest,
    /// The limit `job`.
    pub limit: Duration,
}

/// How a job ended, and the echoed token.
type End = (Outcome, Option<String>);

/// What the polls of a job have shown so far.
#[derive(Default)]
struct Seen {
    any: bool,
    state: Option<String>,
    longest: Duration,
}

impl AcceptedJob<'_> {
    /// Polls until the job is terminal or its limit has passed; see [`job_limit`] for when the
    /// limit runs.
    pub async fn follow(&self, readiness: watched::Receiver<Readiness>) -> End {
        let accepted = Instant::now();
        let mut seen = Seen::default();
        tokio::select! {
            biased;
            end = self.poll_to_end(&mut seen) => end,
            () = job_limit(readiness, accepted, self.limit, &self.wire.recorder) => {
                let state = seen.state.as_deref().map_or_else(
                    || "no state was seen".to_owned(),
                    |state| format!("the last state was `{state}`"),
                );
                let waited = duration(accepted.elapsed());
                let message = format!("{state}, {waited} after the job was accepted");
                (Outcome::Unknown { reason: UnknownReason::JobNotTerminal, message }, None)
            }
        }
    }

    async fn poll_to_end(&self, seen: &mut Seen) -> End {
        // A job with a short limit is polled more often: at least 20 times within it.
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
                Ok(answer) => {
                    let state = match answer.field(&self.job.state) {
                        Ok(state) => state,
                        // The state would never be visible.
                        Err(cut) if answer.is_success() => {
                            return (self.wire.trouble(cut.to_string()).into(), None);
                        }
                        Err(_) => None,
                    };
                    if seen.is_news(&answer, &state, took) {
                        self.wire.recorder.record(EventKind::Polled {
                            request: self.request,
                            status: answer.status,
                            state: state.clone(),
                            latency_us: took.as_micros() as u64,
                        });
                    }
                    if let Some(end) = state.and_then(|state| self.terminal(&answer, state)) {
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

    fn terminal(&self, answer: &ParsedAnswer, state: String) -> Option<End> {
        // The state was read, so the body was not cut.
        let echo = || answer.echo(self.echo, self.token).ok().flatten();
        if !answer.is_success() {
            None
        } else if self.job.done.contains(&state) {
            Some((Outcome::Ok, echo()))
        } else if self.job.failed.contains(&state) {
            let outcome = Outcome::Failed {
                status: answer.status,
                job_state: Some(state),
                message: answer.message_at(self.job.message.as_deref()),
            };
            Some((outcome, echo()))
        } else {
            None
        }
    }
}

impl Seen {
    /// Whether the response to a poll is worth recording: a new state, an error, or the slowest
    /// poll so far.
    fn is_news(&mut self, answer: &ParsedAnswer, state: &Option<String>, took: Duration) -> bool {
        let news = !self.any || self.state != *state || !answer.is_success() || took > self.longest;
        self.any = true;
        self.longest = self.longest.max(took);
        if state.is_some() {
            self.state.clone_from(state);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::load::Caps;
    use crate::load::tests::scripted::{Reply, Rig, rig};
    use crate::trace::Origin;

    /// A rig whose API accepts job 7 at once. The script maps the number of earlier polls to the
    /// response to a poll.
    fn polled(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Rig {
        rig(Caps::default(), move |request, before| {
            match request.path.as_str() {
                "/request" => Reply::now(202, r#"{"id":7}"#),
                "/response/7" => script(before - 1),
                other => panic!("nobody asked for {other}"),
            }
        })
    }

    async fn send(rig: &Rig) -> Outcome {
        let kind = "job".to_owned();
        rig.client
            .request(&Origin::Probe, &kind, Instant::now())
            .await
    }

    /// The history without its first two events.
    async fn story(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Vec<String> {
        let rig = polled(script);
        send(&rig).await;
        let mut story = rig.story();
        let begin: Vec<_> = story.drain(..2).collect();
        assert_eq!(
            begin,
            ["0 sent 0 probe job t-00000000 due 0", "0 accepted 0 as 7"]
        );
        story
    }

    fn state(state: &str) -> Reply {
        Reply::now(
            200,
            &format!(r#"{{"state":"{state}","why":"no luck","token":"t-00000000"}}"#),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_ends_with_its_terminal_state_and_only_news_is_recorded() {
        let story = story(|n| state(["R", "R", "R", "D"][n])).await;
        assert_eq!(
            story,
            [
                "10 polled 0 200 R",
                // The pauses are 10, 15, 22.5 and 33.75 ms, and the timer rounds up.
                "82 polled 0 200 D",
                "82 ended 0 Poll ok 82 t-00000000",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_job_fails_with_its_own_message() {
        assert_eq!(
            story(|_| state("F")).await,
            [
                "10 polled 0 200 F",
                r#"10 ended 0 Poll failed 200 F "no luck" 10 t-00000000"#
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_fails_does_not_end_the_job() {
        let story = story(|n| match n {
            0 => Reply::Lost(3, UnknownReason::Refused),
            1 => Reply::Silence,
            2 => Reply::now(404, ""),
            3 => Reply::now(500, r#"{"state":"F"}"#),
            4 => Reply::now(200, "no JSON"),
            5 => Reply::Answer(5, 200, "no JSON".to_owned()),
            _ => state("D"),
        })
        .await;
        let said: Vec<_> = story
            .iter()
            .map(|line| line.split_once(' ').unwrap().1)
            .collect();
        assert_eq!(
            said,
            [
                "lost 0 connection refused 3",
                "lost 0 no answer in time 1000",
                "polled 0 404 -",
                "polled 0 500 F",
                "polled 0 200 -",
                "polled 0 200 -",
                "polled 0 200 D",
                &format!(
                    "ended 0 Poll ok {} t-00000000",
                    story[7].split_once(' ').unwrap().0
                ),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_with_more_than_is_read_of_a_body_ends_it_as_trouble_by_name() {
        let long = story(|n| match n {
            // An error says nothing about the job, however long its body is.
            0 => Reply::Cut(502, "<html>".to_owned()),
            1 => state("R"),
            _ => Reply::Cut(200, r#"{"state":"D","result":""#.to_owned()),
        })
        .await;
        assert_eq!(long[..2], ["10 polled 0 502 -", "25 polled 0 200 R"]);
        assert!(long[2].contains("trouble"), "{long:?}");
        assert!(long[2].ends_with("raise `[api] max-body`"), "{long:?}");
        assert!(long[3].contains("ended 0 Poll unknown Dropped"), "{long:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_never_ends_runs_into_its_limit() {
        let stuck = story(|_| state("R")).await;
        assert_eq!(
            stuck[1..],
            [
                r#"4000 ended 0 Poll unknown JobNotTerminal "the last state was `R`, 4 s after the job was accepted" 4000 -"#
            ]
        );
        // A hanging poll does not extend the limit.
        let silent = story(|_| Reply::Silence).await;
        assert!(
            silent.last().unwrap().contains("no state was seen, 4 s"),
            "{silent:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_waits_for_the_backend() {
        let rig = polled(|_| state("R"));
        let backend = async {
            sleep(Duration::from_secs(3)).await;
            rig.readiness.send_replace(Readiness::Away);
            sleep(Duration::from_secs(30)).await;
            rig.readiness
                .send_replace(Readiness::ReadySince(Instant::now()));
        };
        tokio::join!(send(&rig), backend);
        assert!(rig.story().last().unwrap().starts_with("37000 ended"));
    }

    #[tokio::test(start_paused = true)]
    async fn polls_slow_down_to_a_twentieth_of_the_limit() {
        let polls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&polls);
        story(move |_| {
            seen.lock().unwrap().push(Instant::now());
            state("R")
        })
        .await;
        let polls = polls.lock().unwrap();
        let pauses: Vec<_> = polls.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.is_sorted(), "{pauses:?}");
        assert_eq!(pauses.last(), Some(&Duration::from_millis(200)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_acceptance_without_an_id_is_a_failure() {
        let rig = rig(Caps::default(), |_, _| {
            Reply::now(200, r#"{"message":"queued"}"#)
        });
        send(&rig).await;
        assert_eq!(
            rig.story()[1..],
            [r#"0 ended 0 Submit failed 200 - "queued" 0 -"#]
        );
    }

    fn any_reply() -> impl Strategy<Value = Reply> {
        let status = prop_oneof![Just(200u16), Just(202), Just(404), Just(500)];
        let body = prop_oneof![
            Just(String::new()),
            Just("text".to_owned()),
            "[DFRX]".prop_map(|state| format!(r#"{{"id":"j","state":"{state}"}}"#)),
        ];
        prop_oneof![
            6 => (0u64..1500, status, body).prop_map(|(ms, status, body)| Reply::Answer(ms, status, body)),
            2 => (0u64..1500).prop_map(|ms| Reply::Lost(ms, UnknownReason::Reset)),
            1 => Just(Reply::Silence),
            1 => Just(Reply::Harness),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever the API does, and whenever the caller gives up, each sent request ends exactly
        /// once, and no event of it comes later.
        #[test]
        fn every_request_ends_exactly_once(
            replies in prop::collection::vec(any_reply(), 1..12),
            requests in 1usize..5,
            patience_ms in 0u64..8_000,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let rig = rig(Caps::default(), move |_, n| replies[n % replies.len()].clone());
                let all = futures_util::future::join_all((0..requests).map(|_| send(&rig)));
                let _ = tokio::time::timeout(Duration::from_millis(patience_ms), all).await;
                let history = rig.recorder.history();
                for request in 0..requests as u64 {
                    let mut own = history.iter().filter_map(|event| match &event.kind {
                        EventKind::Sent { request: r, .. } if *r == request => Some("sent"),
                        EventKind::Accepted { request: r, .. } if *r == request => Some("accepted"),
                        EventKind::Polled { request: r, .. } if *r == request => Some("polled"),
                        EventKind::PollLost { request: r, .. } if *r == request => Some("polled"),
                        EventKind::Ended { request: r, .. } if *r == request => Some("ended"),
                        _ => None,
                    }).collect::<Vec<_>>();
                    own.dedup();
                    let stories: [&[&str]; 4] = [
                        &["sent", "ended"],
                        &["sent", "accepted", "ended"],
                        &["sent", "accepted", "polled", "ended"],
                        // The caller gave up before it was sent.
                        &[],
                    ];
                    assert!(stories.contains(&own.as_slice()), "{own:?}");
                    let ends = history.iter().filter(
                        |event| matches!(event.kind, EventKind::Ended { request: r, .. } if r == request)
                    ).count();
                    assert_eq!(ends, usize::from(!own.is_empty()));
                }
            });
        }
    }
}
