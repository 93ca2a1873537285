//! The content of a report about one trial.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::{Requests, ResourceUse};
use crate::latency::{DueRequest, Latencies, Stages, lateness};
use crate::model::Judgement;
use crate::trace::{Event, EventKind, Lines, Trace, TraceError, TraceLine, View};

/// How many log lines are kept from the beginning, and as many from the end.
const LOG_LINES: usize = 150;

/// The content of a trace. The history is read once and not kept: each request becomes a short row,
/// and only the beginning and the end of the log are kept.
#[derive(Debug)]
pub struct TrialReport {
    /// The trace's file.
    pub file: String,
    /// The trace, without the events of requests, log lines and resource samples.
    pub trace: Trace,
    /// The requests.
    pub requests: Requests,
    /// What the services used over time.
    pub resources: ResourceUse,
    /// Latencies by stage and outcome.
    pub latencies: Latencies,
    /// The log lines that were kept.
    pub log: Vec<Event>,
    /// How many log lines were not.
    pub log_left_out: u64,
    /// The events that prove a finding.
    pub evidence: BTreeMap<u64, Event>,
    /// How many events the trace has.
    pub events: u64,
    /// The time of the last one, in microseconds since the trial began.
    pub until_us: u64,
}

impl TrialReport {
    /// Reads a trace.
    ///
    /// # Errors
    /// When the file cannot be read or is no trace.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        let mut fold = Fold::default();
        let (mut plan, mut judgement, mut notes) = (None, None, Vec::new());
        loop {
            let place = lines.place();
            match lines.next().transpose()? {
                None => break,
                Some(TraceLine::Plan(content)) => plan = Some(content),
                Some(TraceLine::Verdict(content)) => judgement = Some(content),
                Some(TraceLine::Note(note)) => notes.push(note),
                Some(TraceLine::Event(event)) => {
                    fold.places.push(place);
                    fold.take(event);
                }
            }
        }
        let evidence = evidence(&mut lines, &fold.places, judgement.as_ref())?;
        let plan = plan.ok_or_else(|| TraceError::TooShort {
            path: path.to_owned(),
        })?;
        let trace = Trace {
            header: lines.header().clone(),
            plan,
            events: fold.events,
            judgement,
            notes,
        };
        let latencies = latencies(&trace, &fold.requests);
        let mut log = fold.first_log;
        log.extend(fold.last_log);
        Ok(TrialReport {
            file: path.display().to_string(),
            trace,
            requests: fold.requests,
            resources: fold.resources,
            latencies,
            log,
            log_left_out: fold.log_left_out,
            evidence,
            events: fold.places.len() as u64,
            until_us: fold.until_us,
        })
    }

    /// A view of the events that were kept. It has no requests.
    pub fn view(&self) -> View<'_> {
        View::new(&self.trace)
    }
}

/// What is kept of the events read so far.
#[derive(Default)]
struct Fold {
    /// The position of each event in the file, by its `seq`.
    places: Vec<u64>,
    events: Vec<Event>,
    requests: Requests,
    resources: ResourceUse,
    first_log: Vec<Event>,
    last_log: VecDeque<Event>,
    log_left_out: u64,
    until_us: u64,
}

impl Fold {
    fn take(&mut self, event: Event) {
        self.until_us = self.until_us.max(event.at_us);
        match event.kind {
            EventKind::Log { .. } if self.first_log.len() < LOG_LINES => self.first_log.push(event),
            EventKind::Log { .. } => {
                self.last_log.push_back(event);
                if self.last_log.len() > LOG_LINES {
                    self.last_log.pop_front();
                    self.log_left_out += 1;
                }
            }
            EventKind::Other(_) => {}
            _ if self.resources.take(&event) || self.requests.take(&event) => {}
            _ => self.events.push(event),
        }
    }
}

/// Reads again the events that the findings name.
fn evidence(
    lines: &mut Lines<std::io::BufReader<std::fs::File>>,
    places: &[u64],
    judgement: Option<&Judgement>,
) -> Result<BTreeMap<u64, Event>, TraceError> {
    let mut evidence = BTreeMap::new();
    let findings = judgement.iter().flat_map(|judgement| &judgement.findings);
    for seq in findings.flat_map(|finding| &finding.evidence) {
        let Some(place) = places.get(*seq as usize) else {
            continue;
        };
        if let Some(TraceLine::Event(event)) = lines.at(*place)? {
            evidence.insert(*seq, event);
        }
    }
    Ok(evidence)
}

fn latencies(trace: &Trace, requests: &Requests) -> Latencies {
    let view = View::new(trace);
    let kinds: Vec<&str> = view.kinds().collect();
    let stages = Stages::settled_by(&view, |after_us| requests.settled(&kinds, after_us));
    let mut latencies = Latencies::default();
    for row in requests.rows() {
        if let Some((outcome, latency_us)) = row.ended {
            latencies.record(stages.of_span(row.span()), outcome, latency_us);
        }
    }
    let origins = requests.origins.texts();
    let due = requests.rows().iter().map(|row| DueRequest {
        origin: &origins[row.origin as usize],
        intended_us: row.intended_us,
        sent_us: row.sent.at_us,
        ended_us: row.end.map(|end| end.at_us),
    });
    latencies.record_late(lateness(&trace.plan, due));
    latencies
}
