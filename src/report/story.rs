//! An event in words: the same on the terminal, on the page, while a stack is watched, and on the
//! progress line.

use std::fmt;

use crate::model::{Plan, duration_us};
use crate::trace::{EventKind, Phase};

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// What it is about: a step, a service, a request.
    pub about: String,
    /// What happened.
    pub text: String,
    /// How it should look.
    pub tone: Tone,
}

/// How a line should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Something is wrong.
    Bad,
    /// Something has changed for the better.
    Good,
}

impl EventLine {
    /// An event in words; none if this version does not know the event. With the plan, a step's
    /// start says what the step does.
    pub fn of(event: &EventKind, plan: Option<&Plan>) -> Option<Self> {
        let (about, text, tone) = words(event, plan)?;
        Some(EventLine { about, text, tone })
    }
}

impl fmt::Display for EventLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.text)
    }
}

fn words(kind: &EventKind, plan: Option<&Plan>) -> Option<(String, String, Tone)> {
    use Tone::{Bad, Good, Plain};
    let request = |request: &u64| format!("request {request}");
    Some(match kind {
        EventKind::Phase { phase } => ("trial".to_owned(), self::phase(*phase).to_owned(), Plain),
        EventKind::StepStarted { step: id } => {
            let step = plan.and_then(|plan| plan.step(id));
            let what = step.map_or("starts".to_owned(), |step| step.action.to_string());
            (id.to_string(), what, Plain)
        }
        EventKind::StepEnded { step } => (step.to_string(), "ends".to_owned(), Plain),
        EventKind::StepSkipped { step, reason } => {
            (step.to_string(), format!("skipped: {reason}"), Plain)
        }
        EventKind::FaultIntent { step, backend, act } => {
            (step.to_string(), format!("about to {act} {backend}"), Bad)
        }
        EventKind::FaultActed {
            step,
            backend,
            act,
            took_us,
        } => {
            let text = format!("{act} {backend}, done in {}", duration_us(*took_us));
            (step.to_string(), text, Bad)
        }
        EventKind::NotReady { backend, detail } => {
            (backend.clone(), format!("not ready: {detail}"), Bad)
        }
        EventKind::Ready { backend, .. } => (backend.clone(), "ready".to_owned(), Good),
        EventKind::Exited {
            service, code, oom, ..
        } => {
            let code = code.map_or("?".to_owned(), |code| code.to_string());
            let why = if *oom { ", out of memory" } else { "" };
            (service.clone(), format!("exited (code {code}{why})"), Bad)
        }
        EventKind::Started { service, .. } => (service.clone(), "started".to_owned(), Good),
        EventKind::Paused { service, paused } => {
            let (text, tone) = match paused {
                true => ("paused", Bad),
                false => ("unpaused", Good),
            };
            (service.clone(), text.to_owned(), tone)
        }
        EventKind::Log { service, line, .. } => (service.clone(), line.clone(), Plain),
        EventKind::LogDropped { service, lines } => {
            let text = format!("{lines} lines of its log were left out: they came too fast");
            (service.clone(), text, Bad)
        }
        EventKind::Lag { late_us } => {
            let text = format!("kept the harness waiting for {}", duration_us(*late_us));
            ("this machine".to_owned(), text, Plain)
        }
        EventKind::Crowded { percent, .. } => {
            let text = format!("{:.1} tasks shared a processor", *percent as f64 / 100.0);
            ("this machine".to_owned(), text, Plain)
        }
        EventKind::Waited {
            service,
            waited_us,
            over_us,
        } => {
            let (waited, over) = (duration_us(*waited_us), duration_us(*over_us));
            let text = format!("waited {waited} of {over} for a processor");
            (service.clone(), text, Plain)
        }
        EventKind::LookedBack { polls, over_us } => {
            let text = format!(
                "looked again at {polls} ended jobs, for {}",
                duration_us(*over_us)
            );
            ("the harness".to_owned(), text, Plain)
        }
        EventKind::Trouble { during, message } => (during.clone(), message.clone(), Bad),
        EventKind::Decided => {
            let text = "the verdict is sure: nothing more is waited for";
            ("trial".to_owned(), text.to_owned(), Plain)
        }
        EventKind::Interrupted => ("trial".to_owned(), "interrupted".to_owned(), Bad),
        EventKind::Sent {
            request: id,
            origin,
            kind,
            after,
            ..
        } => {
            let after = after.map_or(String::new(), |id| format!(", after {}", request(&id)));
            let text = format!("sent ({kind}, of {origin}{after})");
            (request(id), text, Plain)
        }
        EventKind::Accepted {
            request: id,
            job,
            latency_us,
        } => {
            let text = format!("accepted as job {job} after {}", duration_us(*latency_us));
            (request(id), text, Plain)
        }
        EventKind::Polled {
            request: id,
            status,
            state,
            ..
        } => {
            let state = state.as_deref().unwrap_or("no state");
            (request(id), format!("polled: {status}, {state}"), Plain)
        }
        EventKind::PollLost {
            request: id,
            reason,
            ..
        } => (request(id), format!("poll lost: {reason}"), Plain),
        EventKind::Mismatched {
            request: id,
            mismatch,
        } => (request(id), format!("answered with {mismatch}"), Bad),
        EventKind::Ended {
            request: id,
            outcome,
            latency_us,
            ..
        } => {
            let tone = if outcome.is_ok() { Good } else { Bad };
            let text = format!("after {}: {outcome}", duration_us(*latency_us));
            (request(id), text, tone)
        }
        EventKind::Resources {
            service,
            memory_bytes,
            fds,
            threads,
            ..
        } => {
            let told = [
                memory_bytes.map(|bytes| format!("{} KiB of memory", bytes >> 10)),
                fds.map(|fds| format!("{fds} file descriptors")),
                threads.map(|threads| format!("{threads} threads")),
            ];
            let told: Vec<String> = told.into_iter().flatten().collect();
            (service.clone(), format!("holds {}", told.join(", ")), Plain)
        }
        EventKind::Other(_) => return None,
    })
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Setup => "setup: the stack is brought up",
        Phase::Baseline => "baseline: requests without a fault",
        Phase::Plan => "the plan begins",
        Phase::Heal => "heal: every fault is undone",
        Phase::Recovery => "recovery: the API is probed until success is sustained",
        Phase::Drain => "drain: requests in flight are let end",
    }
}
