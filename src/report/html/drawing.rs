//! The data of a trial's timeline, as the page's script reads it.

use std::borrow::Cow;

use serde::Serialize;

use crate::redact;
use crate::report::trial::{Row, TrialReport};
use crate::trace::{EventKind, Phase};

/// The most requests drawn one by one. If there are more, the failed ones and an even selection of
/// the others are drawn.
pub const MOST_DRAWN: usize = 100_000;

/// The data of a trial's timeline. All times are in microseconds since the trial began.
#[derive(Debug, Serialize)]
pub struct Drawing<'a> {
    until: u64,
    /// When the baseline began, which is where the drawing begins.
    from: u64,
    phases: Vec<(String, u64)>,
    windows: Vec<Band<'a>>,
    marks: Vec<Mark>,
    /// When the log lines that were kept were written.
    logs: Vec<u64>,
    resources: Vec<ServiceUse<'a>>,
    /// The events that prove a finding.
    proofs: Vec<u64>,
    kinds: Vec<Cow<'a, str>>,
    origins: Vec<Cow<'a, str>>,
    messages: Vec<Cow<'a, str>>,
    /// The number of requests, of which `requests` may be a selection.
    sent: usize,
    requests: Columns,
}

/// A window in which a backend was away.
#[derive(Debug, Serialize)]
struct Band<'a> {
    fault: Option<String>,
    what: String,
    backend: Cow<'a, str>,
    from: u64,
    /// None if it never ended.
    to: Option<u64>,
    seq: u64,
}

/// A moment that matters.
#[derive(Debug, Serialize)]
struct Mark {
    at: u64,
    seq: u64,
    /// Whether the backend became ready.
    ready: bool,
    text: String,
}

/// What a service used, by column.
#[derive(Debug, Serialize)]
struct ServiceUse<'a> {
    service: Cow<'a, str>,
    at: Vec<u64>,
    /// Processor time since its start, in microseconds.
    cpu: Vec<u64>,
    /// In bytes; 0 where it is not known.
    memory: Vec<u64>,
}

/// The requests, by column to keep the page small. Times are differences for the same reason.
#[derive(Debug, Default, Serialize)]
struct Columns {
    id: Vec<u64>,
    /// The intended send, as the difference from the previous row.
    intended: Vec<i64>,
    /// From the intended send to the real one.
    late: Vec<u64>,
    /// From the intended send to the acceptance as a job; -1 if it was not accepted.
    accepted: Vec<i64>,
    /// From the intended send to the end; -1 if it has not ended.
    took: Vec<i64>,
    /// A [`RequestEnd`](crate::report::trial::RequestEnd).
    outcome: Vec<u8>,
    kind: Vec<u32>,
    origin: Vec<u32>,
    message: Vec<u32>,
    /// The `seq` of the sending and of the end; -1 if it has not ended.
    seq: Vec<u64>,
    end: Vec<i64>,
}

impl<'a> Drawing<'a> {
    /// The timeline of a trial.
    pub fn of(trial: &'a TrialReport) -> Self {
        let view = trial.view();
        let phases = trial.trace.events.iter().filter_map(|e| match e.kind {
            EventKind::Phase { phase } => Some((phase.to_string(), e.at_us)),
            _ => None,
        });
        let windows = view.windows().iter().map(|window| {
            let step = window.fault.and_then(|id| trial.trace.plan.step(id));
            Band {
                fault: window.fault.map(ToString::to_string),
                what: step.map_or("not ready by itself".to_owned(), |s| {
                    redact::visible(&s.action.to_string()).into_owned()
                }),
                backend: redact::visible(window.backend),
                from: window.began.at_us,
                to: window.ready.map(|ready| ready.moment.at_us),
                seq: window.began.seq,
            }
        });
        let rows = chosen(trial);
        Drawing {
            until: trial.until_us,
            from: view.phase(Phase::Baseline).map_or(0, |moment| moment.at_us),
            phases: phases.collect(),
            windows: windows.collect(),
            marks: marks(trial),
            logs: trial.log.iter().map(|line| line.at_us).collect(),
            resources: used(trial),
            proofs: trial.evidence.keys().copied().collect(),
            kinds: shown(trial.requests.kinds.texts()),
            origins: shown(trial.requests.origins.texts()),
            messages: shown(trial.requests.messages.texts()),
            sent: trial.requests.rows().len(),
            requests: columns(rows),
        }
    }

    /// How many requests are drawn.
    pub fn drawn(&self) -> usize {
        self.requests.id.len()
    }

    /// As JSON that is safe in an HTML page: nothing in it can end the script element.
    pub fn json(&self) -> String {
        let text = redact::to_json(self).unwrap_or_else(|_| "null".to_owned());
        text.replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
    }
}

/// Texts that the page's script shows as they are.
fn shown(texts: &[String]) -> Vec<Cow<'_, str>> {
    texts.iter().map(|text| redact::visible(text)).collect()
}

fn used(trial: &TrialReport) -> Vec<ServiceUse<'_>> {
    let services = trial.resources.services();
    let used = services.map(|(service, samples)| ServiceUse {
        service: redact::visible(service),
        at: samples.iter().map(|sample| sample.at_us).collect(),
        cpu: samples.iter().map(|sample| sample.cpu_us).collect(),
        memory: samples
            .iter()
            .map(|sample| sample.memory_bytes.unwrap_or(0))
            .collect(),
    });
    used.collect()
}

/// The requests that are drawn, in order of sending.
fn chosen(trial: &TrialReport) -> Vec<&Row> {
    let rows = trial.requests.rows();
    let matters = |row: &Row| {
        let proves = |seq| trial.evidence.contains_key(&seq);
        row.ended.is_none_or(|(outcome, _)| outcome != "ok")
            || proves(row.sent.seq)
            || row.end.is_some_and(|end| proves(end.seq))
    };
    let many = rows.iter().filter(|row| matters(row)).count();
    let others = rows.len() - many;
    // If those that matter need more than half of the room, they are thinned out, too.
    let room = MOST_DRAWN / 2;
    let every = |count: usize, room: usize| count.div_ceil(room.max(1)).max(1);
    let (matter_every, other_every) = match rows.len() <= MOST_DRAWN {
        true => (1, 1),
        false => {
            let matter_every = every(many, room.max(MOST_DRAWN.saturating_sub(others)));
            let left = MOST_DRAWN - many.div_ceil(matter_every);
            (matter_every, every(others, left))
        }
    };
    let (mut matter, mut other) = (0, 0);
    let drawn = rows.iter().filter(|row| {
        let (count, every) = match matters(row) {
            true => (&mut matter, matter_every),
            false => (&mut other, other_every),
        };
        *count += 1;
        (*count - 1) % every == 0
    });
    drawn.collect()
}

fn columns(rows: Vec<&Row>) -> Columns {
    let mut columns = Columns::default();
    let mut before = 0;
    for row in rows {
        let since = |us: u64| us.saturating_sub(row.intended_us);
        columns.id.push(row.id);
        columns.intended.push(row.intended_us as i64 - before);
        before = row.intended_us as i64;
        columns.late.push(since(row.sent.at_us));
        let accepted = row.accepted_us.map_or(-1, |us| since(us) as i64);
        columns.accepted.push(accepted);
        let took = row.end.map_or(-1, |end| since(end.at_us) as i64);
        columns.took.push(took);
        columns.outcome.push(row.how() as u8);
        columns.kind.push(row.kind);
        columns.origin.push(row.origin);
        columns.message.push(row.message);
        columns.seq.push(row.sent.seq);
        columns.end.push(row.end.map_or(-1, |end| end.seq as i64));
    }
    columns
}

/// Readiness, exits, troubles, and events that prove a finding.
fn marks(trial: &TrialReport) -> Vec<Mark> {
    let (timeline, _) = trial.timeline();
    let kinds = trial.trace.events.iter().map(|e| (e.seq, &e.kind));
    let kinds: std::collections::BTreeMap<u64, &EventKind> = kinds.collect();
    let marks = timeline.into_iter().filter_map(|event| {
        let (matters, ready) = match kinds.get(&event.seq) {
            Some(EventKind::Ready { fault: Some(_), .. }) => (true, true),
            Some(
                EventKind::Exited { .. }
                | EventKind::Trouble { .. }
                | EventKind::FaultActed { .. }
                | EventKind::Interrupted,
            ) => (true, false),
            _ => (event.is_proof, false),
        };
        matters.then(|| Mark {
            at: event.at_us,
            seq: event.seq,
            ready,
            text: redact::visible(&event.line.to_string()).into_owned(),
        })
    });
    marks.collect()
}
