//! The events of a trial in words.

use std::collections::BTreeSet;

use super::TrialReport;
use crate::model::Plan;
use crate::report::EventLine;
use crate::trace::{Event, EventKind};

/// How many events are listed at most, not counting those that prove a finding.
const MOST: usize = 600;

/// An event of a trial's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// The event.
    pub seq: u64,
    /// When, in microseconds since the trial began.
    pub at_us: u64,
    /// What happened.
    pub line: EventLine,
    /// Whether it is a line of a log.
    pub is_log: bool,
    /// Whether it proves a finding.
    pub is_proof: bool,
    /// Whether it only says that the machine was busy.
    pub is_busy_machine: bool,
}

impl TrialReport {
    /// What happened, in order: steps, faults, readiness, exits, the log, and all that proves a
    /// finding. Other requests are left out, and a very long list is cut in its middle. The second
    /// value is the number of events that are cut.
    pub fn timeline(&self) -> (Vec<TimelineEvent>, u64) {
        let mut seen = BTreeSet::new();
        let all = self.trace.events.iter().chain(&self.log);
        let mut shown: Vec<TimelineEvent> = all
            .chain(self.evidence.values())
            .filter(|event| seen.insert(event.seq))
            .filter_map(|event| {
                let is_proof = self.evidence.contains_key(&event.seq);
                timeline_event(&self.trace.plan, event, is_proof)
            })
            .collect();
        shown.sort_by_key(|event| event.seq);
        let too_many = shown.len().saturating_sub(MOST);
        let middle = MOST / 2..MOST / 2 + too_many;
        let mut place = 0;
        let before = shown.len();
        shown.retain(|event| {
            place += 1;
            event.is_proof || !middle.contains(&(place - 1))
        });
        let cut = (before - shown.len()) as u64;
        (shown, cut + self.log_left_out)
    }
}

/// None for an event that says nothing by itself, unless it proves a finding.
fn timeline_event(plan: &Plan, event: &Event, is_proof: bool) -> Option<TimelineEvent> {
    if let (EventKind::StepEnded { .. } | EventKind::FaultIntent { .. }, false) =
        (&event.kind, is_proof)
    {
        return None;
    }
    Some(TimelineEvent {
        seq: event.seq,
        at_us: event.at_us,
        line: EventLine::of(&event.kind, Some(plan))?,
        is_log: matches!(event.kind, EventKind::Log { .. }),
        is_proof,
        is_busy_machine: !is_proof && is_busy_machine(&event.kind),
    })
}

fn is_busy_machine(event: &EventKind) -> bool {
    matches!(
        event,
        EventKind::Lag { .. } | EventKind::Crowded { .. } | EventKind::Waited { .. }
    )
}
