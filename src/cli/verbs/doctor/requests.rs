//! One request of each kind, and what its answer says about the limits.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::ample::{AMPLE, round_up};
use crate::campaign::{Audience, StackHandle};
use crate::cli::kit::{Progress, seed_of_now};
use crate::load::Client;
use crate::model::{Outcome, RequestKind, UnknownReason, duration, duration_us};
use crate::report::Checkup;
use crate::trace::{Event, EventKind, Mismatch, Origin, Recorder};

/// No limit shorter than this is proposed: a busy machine takes as long now and then.
const LEAST_LIMIT: Duration = Duration::from_secs(1);

/// What was measured, in microseconds.
#[derive(Debug, Default)]
struct Slowest {
    answer_us: Option<u64>,
    job_us: Option<u64>,
}

/// What one request's history says.
#[derive(Debug, Default)]
struct Course {
    token: String,
    echo: Option<String>,
    accepted_us: Option<u64>,
    mismatch: Option<Mismatch>,
    /// The states that its polls showed, each once.
    states: Vec<String>,
    ended_us: u64,
}

/// Sends one request of each kind.
pub async fn check(
    handle: &StackHandle,
    started_for: Option<Duration>,
    checkup: &mut Checkup,
    progress: &Progress,
) -> anyhow::Result<()> {
    let recorder = handle.recorder();
    let client = handle.client("doctor", seed_of_now(), recorder.clone())?;
    let mut slowest = Slowest::default();
    let (began, settled_by) = (Instant::now(), handle.executor.settled_by());
    for kind in &handle.executor.kinds {
        progress.busy(&format!("sending {}", kind.name));
        // What fails as an API may that is still starting is tried again, as a trial does when it
        // sets up.
        let found = loop {
            let (outcome, course) = request(kind, &client, &recorder).await;
            if !may_pass(&outcome) || Instant::now() >= settled_by {
                break (outcome, course);
            }
            sleep(handle.executor.settings.probe_every).await;
        };
        let tried_for = may_pass(&found.0).then(|| began.elapsed());
        report(kind, found, tried_for, checkup, &mut slowest);
    }
    let limits = &handle.executor.limits;
    limit("answer", limits.answer_ms, slowest.answer_us, checkup);
    limit("job", limits.job_ms, slowest.job_us, checkup);
    let whole_start = started_for.map(|time| (time + began.elapsed()).as_micros() as u64);
    limit("recovery", limits.recovery_ms, whole_start, checkup);
    Ok(())
}

/// Sends one request.
async fn request(kind: &RequestKind, client: &Client, recorder: &Recorder) -> (Outcome, Course) {
    let from_seq = recorder.next_seq();
    let outcome = client
        .request(&Origin::Probe, &kind.name, Instant::now())
        .await;
    let history = recorder.history();
    let course = Course::of(history.iter().filter(|event| event.seq >= from_seq));
    (outcome, course)
}

/// Whether a request that ended so may succeed once the API has started.
fn may_pass(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Ok => false,
        Outcome::Failed { status, .. } => *status >= 500,
        Outcome::Unknown { reason, .. } => *reason != UnknownReason::JobNotTerminal,
    }
}

fn report(
    kind: &RequestKind,
    (outcome, course): (Outcome, Course),
    tried_for: Option<Duration>,
    checkup: &mut Checkup,
    slowest: &mut Slowest,
) {
    let what = format!("request `{}`", kind.name);
    let mut found = outcome.to_string();
    if let Some(mismatch) = &course.mismatch {
        found += &format!("; it has {mismatch}");
    }
    if let Some(time) = tried_for.filter(|time| time.as_secs() > 0) {
        found += &format!("; it was tried for {}", duration(time));
    }
    match mend(&outcome) {
        None => {}
        Some((true, remedy)) => return checkup.configuration(what, found, remedy),
        Some((false, remedy)) => return checkup.environment(what, found, remedy),
    }
    let ended = duration_us(course.ended_us);
    match course.accepted_us {
        Some(accepted_us) => {
            let found = format!(
                "accepted after {}, done after {ended}",
                duration_us(accepted_us)
            );
            checkup.fine(what, found + &on_the_way(kind, &course.states));
            slowest.answer_us = slowest.answer_us.max(Some(accepted_us));
            slowest.job_us = slowest.job_us.max(Some(course.ended_us));
        }
        None => {
            checkup.fine(what, format!("ok after {ended}"));
            slowest.answer_us = slowest.answer_us.max(Some(course.ended_us));
        }
    }
    if let Some(pointer) = &kind.expect.echo {
        echo(&kind.name, pointer, &course, checkup);
    }
}

/// The states in between that the configuration does not name yet.
fn on_the_way(kind: &RequestKind, seen: &[String]) -> String {
    let Some(job) = &kind.job else {
        return String::new();
    };
    let known = [&job.done, &job.failed, &job.states];
    let is_new = |state: &&String| !known.iter().any(|states| states.contains(state));
    let new: Vec<String> = seen
        .iter()
        .filter(is_new)
        .map(|s| format!("\"{s}\""))
        .collect();
    match new.is_empty() {
        true => String::new(),
        false => format!(
            "; with `states = [{}]` in its `job`, faults strike while a job is in these states, too",
            new.join(", ")
        ),
    }
}

/// Whether the token came back where the configuration says.
fn echo(kind: &str, pointer: &str, course: &Course, checkup: &mut Checkup) {
    let what = format!("echo of `{kind}`");
    match &course.echo {
        Some(echo) if *echo == course.token => {
            checkup.fine(what, format!("the token came back at {pointer}"));
        }
        Some(echo) => checkup.configuration(
            what,
            format!("{pointer} is `{echo}`, which is not the token that was sent"),
            "put `{token}` into the request where the API echoes it from, or correct `echo` in its `expect`",
        ),
        None => checkup.configuration(
            what,
            format!("the answer has nothing at {pointer}"),
            "correct `echo` in this request's `expect`, or leave it out if the API cannot echo",
        ),
    }
}

/// Whether a limit is ample for what was measured; nothing is said where nothing was.
fn limit(name: &str, limit_ms: u64, measured_us: Option<u64>, checkup: &mut Checkup) {
    let Some(measured_us) = measured_us else {
        return;
    };
    let what = format!("limit `{name}`");
    let limit = Duration::from_millis(limit_ms);
    let needed = Duration::from_micros(measured_us) * AMPLE;
    let found = format!(
        "{} for what took {}",
        duration(limit),
        duration_us(measured_us)
    );
    let ample = needed.max(LEAST_LIMIT);
    let written = round_up(ample);
    if needed <= limit {
        let proposal = match ample * AMPLE < limit {
            true => format!(
                "; `{name} = \"{written}\"` in [limits] would be ample, and find what hangs sooner"
            ),
            false => String::new(),
        };
        checkup.fine(what, found + &proposal);
    } else {
        let remedy = format!(
            "a busy API would seem to hang: set `{name} = \"{written}\"` at least in [limits]"
        );
        checkup.configuration(what, found, remedy);
    }
}

/// What to do about an outcome, and whether it is for the configuration to do; none if it is a
/// success.
fn mend(outcome: &Outcome) -> Option<(bool, &'static str)> {
    Some(match outcome {
        Outcome::Ok => return None,
        Outcome::Failed {
            job_state: Some(_), ..
        } => (
            false,
            "the API accepted the job and failed to do it: its log says why",
        ),
        Outcome::Failed { status, .. } => match status {
            401 | 403 => (
                true,
                "give this request the `headers` that let it in, such as an API key",
            ),
            404 | 405 => (true, "correct `path` and `method` of this request"),
            400..=499 => (true, "correct `json` and `headers` of this request"),
            200..=399 => (
                true,
                "the answer is not the one that `expect` describes, or has no job's id at `id`: correct this request",
            ),
            _ => (false, "the API's log says why"),
        },
        Outcome::Unknown { reason, .. } => match reason {
            UnknownReason::TimedOut => (
                false,
                "look why it takes so long, or raise `answer` in [limits]",
            ),
            UnknownReason::JobNotTerminal => (
                true,
                "its state became none of `done` and `failed`: compare them with what the API says, or raise `job` in [limits]",
            ),
            _ => (
                false,
                "look at the API's log, and whether `url` of [api] leads to it",
            ),
        },
    })
}

impl Course {
    fn of<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let mut course = Course::default();
        for event in events {
            match &event.kind {
                EventKind::Sent { token, .. } => course.token.clone_from(token),
                EventKind::Accepted { latency_us, .. } => course.accepted_us = Some(*latency_us),
                EventKind::Mismatched { mismatch, .. } => {
                    course.mismatch = Some(mismatch.clone());
                }
                EventKind::Polled {
                    status: 200..=299,
                    state: Some(state),
                    ..
                } if !course.states.contains(state) => course.states.push(state.clone()),
                EventKind::Ended {
                    latency_us, echo, ..
                } => {
                    course.ended_us = *latency_us;
                    course.echo.clone_from(echo);
                }
                _ => {}
            }
        }
        course
    }
}
