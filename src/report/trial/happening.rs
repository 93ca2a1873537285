//! What happened in a trial, told line by line.

use std::collections::BTreeSet;

use super::TrialReport;
use crate::model::{Plan, duration_us};
use crate::report::Tone;
use crate::trace::{Event, EventKind, Phase};

/// How many happenings are told at most, those that prove something not counted.
const MOST: usize = 600;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The event.
    pub seq: u64,
    /// When, in microseconds since the trial began.
    pub at_us: u64,
    /// What it is about: a step, a service, a request.
    pub about: String,
    /// What happened.
    pub text: String,
    /// How it should look.
    pub tone: Tone,
    /// Whether it is a line of a log.
    pub log: bool,
    /// Whether it proves a finding.
    pub proof: bool,
}

impl TrialReport {
    /// What happened, in order: steps, faults, readiness, exits, the log, and whatever proves a finding. Requests as such are left
    /// out, and a very long story is cut in its middle; the number of lines left out is told.
    pub fn happenings(&self) -> (Vec<Happening>, u64) {
        let mut seen = BTreeSet::new();
        let all = self.trace.events.iter().chain(&self.log);
        let mut told: Vec<Happening> = all
            .chain(self.evidence.values())
            .filter(|event| seen.insert(event.seq))
            .filter_map(|event| {
                let proof = self.evidence.contains_key(&event.seq);
                happening(&self.trace.plan, event, proof)
            })
            .collect();
        told.sort_by_key(|happening| happening.seq);
        let too_many = told.len().saturating_sub(MOST);
        let middle = MOST / 2..MOST / 2 + too_many;
        let mut place = 0;
        let before = told.len();
        told.retain(|happening| {
            place += 1;
            happening.proof || !middle.contains(&(place - 1))
        });
        let cut = (before - told.len()) as u64;
        (told, cut + self.log_left_out)
    }
}

fn happening(plan: &Plan, event: &Event, proof: bool) -> Option<Happening> {
    let (about, text, tone) = words(plan, &event.kind, proof)?;
    Some(Happening {
        seq: event.seq,
        at_us: event.at_us,
        about,
        text,
        tone,
        log: matches!(event.kind, EventKind::Log { .. }),
        proof,
    })
}

/// What an event is about, what it says, and how. What says nothing by itself is left out, unless it proves something.
fn words(plan: &Plan, kind: &EventKind, proof: bool) -> Option<(String, String, Tone)> {
    use Tone::{Bad, Good, Plain};
    let request = |request: &u64| format!("request {request}");
    let step = |id| plan.step(id).map(|step| step.action.to_string());
    Some(match kind {
        EventKind::Phase { phase } => ("trial".to_owned(), phase_words(*phase).to_owned(), Plain),
        EventKind::StepStarted { step: id } => {
            let what = step(id).unwrap_or_default();
            (id.to_string(), format!("starts: {what}"), Plain)
        }
        EventKind::StepEnded { .. } | EventKind::FaultIntent { .. } if !proof => return None,
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
            let text = if *paused { "frozen" } else { "thawed" };
            (service.clone(), text.to_owned(), Plain)
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
        EventKind::Trouble { during, message } => {
            ("trouble".to_owned(), format!("{during}: {message}"), Bad)
        }
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
            let text = format!("{outcome}, after {}", duration_us(*latency_us));
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

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Setup => "setup: the stack is brought up",
        Phase::Baseline => "baseline: requests without a fault",
        Phase::Plan => "the plan begins",
        Phase::Heal => "heal: every fault is undone",
        Phase::Recovery => "recovery: the API is probed until success is sustained",
        Phase::Drain => "drain: requests in flight are let end",
    }
}
