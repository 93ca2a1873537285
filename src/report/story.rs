//! An event in words, for the terminal, the page, `comeback watch` and the progress line.

use std::fmt;

use super::Tone;
use super::link_words::link_words;
use crate::model::{Plan, duration_us};
use crate::trace::{EventKind, Phase};

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// What it is about: a step, a service, a request.
    pub about: String,
    /// What happened.
    pub text: String,
    /// How the line should look.
    pub tone: Tone,
}

impl EventLine {
    /// An event in words; none if this version does not know the event. With the plan, a step's
    /// start says what the step does.
    pub fn of(event: &EventKind, plan: Option<&Plan>) -> Option<Self> {
        let request = match event {
            EventKind::Sent { request, .. }
            | EventKind::Accepted { request, .. }
            | EventKind::Polled { request, .. }
            | EventKind::PollLost { request, .. }
            | EventKind::Mismatched { request, .. }
            | EventKind::Ended { request, .. } => Some(format!("request {request}")),
            _ => None,
        };
        let (about, text, tone) = words(event, plan)?;
        Some(EventLine {
            about: request.unwrap_or_else(|| about.to_owned()),
            text,
            tone,
        })
    }
}

impl fmt::Display for EventLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.text)
    }
}

/// What an event is about, unless it is about a request; its text; its tone.
fn words<'a>(kind: &'a EventKind, plan: Option<&Plan>) -> Option<(&'a str, String, Tone)> {
    use Tone::{Bad, Good, Plain};
    const REQUEST: &str = "";
    const MACHINE: &str = "this machine";
    Some(match kind {
        EventKind::Phase { phase } => ("trial", self::phase(*phase).to_owned(), Plain),
        EventKind::StepStarted { step: id } => {
            let step = plan.and_then(|plan| plan.step(id));
            let what = step.map_or("starts".to_owned(), |step| step.action.to_string());
            (&id.0, what, Plain)
        }
        EventKind::StepEnded { step } => (&step.0, "ends".to_owned(), Plain),
        EventKind::StepSkipped { step, reason } => (&step.0, format!("skipped: {reason}"), Plain),
        EventKind::FaultIntent { step, backend, act } => {
            (&step.0, format!("about to {act} {backend}"), Bad)
        }
        EventKind::FaultActed {
            step,
            backend,
            act,
            took_us,
        } => {
            let took = duration_us(*took_us);
            (&step.0, format!("{act} {backend}, done in {took}"), Bad)
        }
        EventKind::NotReady { backend, detail } => (backend, format!("not ready: {detail}"), Bad),
        EventKind::Ready { backend, .. } => (backend, "ready".to_owned(), Good),
        EventKind::Exited {
            service, code, oom, ..
        } => {
            let code = code.map_or("?".to_owned(), |code| code.to_string());
            let why = if *oom { ", out of memory" } else { "" };
            (service, format!("exited (code {code}{why})"), Bad)
        }
        EventKind::Started { service, .. } => (service, "started".to_owned(), Good),
        EventKind::Paused { service, paused } => match paused {
            true => (service, "paused".to_owned(), Bad),
            false => (service, "unpaused".to_owned(), Good),
        },
        EventKind::LinkOpened { .. }
        | EventKind::LinkFailed { .. }
        | EventKind::LinkFirstByte { .. }
        | EventKind::LinkClosed { .. }
        | EventKind::LinkCounted { .. } => return link_words(kind),
        EventKind::Log { service, line, .. } => (service, line.clone(), Plain),
        EventKind::LogDropped { service, lines } => {
            let text = format!("{lines} lines of its log were left out: they came too fast");
            (service, text, Bad)
        }
        EventKind::Lag { late_us } => {
            let late = duration_us(*late_us);
            (
                MACHINE,
                format!("kept the harness waiting for {late}"),
                Plain,
            )
        }
        EventKind::Crowded { percent, .. } => {
            let tasks = *percent as f64 / 100.0;
            (
                MACHINE,
                format!("{tasks:.1} tasks shared a processor"),
                Plain,
            )
        }
        EventKind::Waited {
            service,
            waited_us,
            over_us,
        } => {
            let (waited, over) = (duration_us(*waited_us), duration_us(*over_us));
            (
                service,
                format!("waited {waited} of {over} for a processor"),
                Plain,
            )
        }
        EventKind::LookedBack { polls, over_us } => {
            let over = duration_us(*over_us);
            let text = format!("polled {polls} ended jobs once more, for {over}");
            ("the harness", text, Plain)
        }
        EventKind::Trouble { during, message } => (during, message.clone(), Bad),
        EventKind::Decided => {
            let text = "the verdict is certain: the harness stops waiting";
            ("trial", text.to_owned(), Plain)
        }
        EventKind::Interrupted => ("trial", "interrupted".to_owned(), Bad),
        EventKind::Sent {
            origin,
            kind,
            after,
            ..
        } => {
            let after = after.map_or(String::new(), |id| format!(", after request {id}"));
            (REQUEST, format!("sent ({kind}, of {origin}{after})"), Plain)
        }
        EventKind::Accepted {
            job, latency_us, ..
        } => {
            let latency = duration_us(*latency_us);
            (
                REQUEST,
                format!("accepted as job {job} after {latency}"),
                Plain,
            )
        }
        EventKind::Polled { status, state, .. } => {
            let state = state.as_deref().unwrap_or("no state");
            (REQUEST, format!("polled: {status}, {state}"), Plain)
        }
        EventKind::PollLost { reason, .. } => (REQUEST, format!("poll lost: {reason}"), Plain),
        EventKind::Mismatched { mismatch, .. } => {
            (REQUEST, format!("answered with {mismatch}"), Bad)
        }
        EventKind::Ended {
            outcome,
            latency_us,
            ..
        } => {
            let tone = if outcome.is_ok() { Good } else { Bad };
            let latency = duration_us(*latency_us);
            (REQUEST, format!("after {latency}: {outcome}"), tone)
        }
        EventKind::Resources {
            service,
            memory_bytes,
            fds,
            threads,
            ..
        } => {
            let used = [
                memory_bytes.map(|bytes| format!("{} KiB of memory", bytes >> 10)),
                fds.map(|fds| format!("{fds} file descriptors")),
                threads.map(|threads| format!("{threads} threads")),
            ];
            let used: Vec<String> = used.into_iter().flatten().collect();
            (service, format!("holds {}", used.join(", ")), Plain)
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
        Phase::Drain => "drain: requests in flight may finish",
    }
}
