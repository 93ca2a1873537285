//! A trial in a few words: what failed, when, and why.

use super::{ControlNote, Counterexample, TrialReport};
use crate::model::{Verdict, duration_us, moment};
use serde::Serialize;
use serde_json::Value;

/// What failed, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// The verdict; inconclusive if the trace has none.
    pub verdict: Verdict,
    /// What failed, or why it is inconclusive, or what held.
    pub what: String,
    /// When it went wrong, relative to the faults; empty if nothing did.
    pub when: String,
    /// The events that prove it; the first is the one at which it went wrong.
    pub evidence: Vec<u64>,
}

impl TrialReport {
    /// The trial in a few words.
    pub fn headline(&self) -> Headline {
        let Some(judgement) = &self.trace.judgement else {
            return Headline {
                verdict: Verdict::Inconclusive,
                what: "The trace has no verdict: it is incomplete.".to_owned(),
                when: String::new(),
                evidence: Vec::new(),
            };
        };
        let (what, evidence) = match (judgement.verdict, judgement.primary()) {
            (Verdict::Violated, Some(finding)) => {
                let what = format!("{}: {}", finding.invariant, finding.message);
                (what, finding.evidence.clone())
            }
            (Verdict::Holds, _) => {
                let unjudged = judgement.findings.iter().filter(|f| f.not_judged).count();
                let judged = judgement.findings.len() - unjudged;
                let what = match unjudged {
                    0 => format!("All {judged} invariants hold."),
                    _ => format!("{judged} invariants hold; {unjudged} had nothing to judge."),
                };
                (what, Vec::new())
            }
            _ => (judgement.reason(), Vec::new()),
        };
        let first = evidence.first();
        Headline {
            verdict: judgement.verdict,
            what,
            when: first.map_or(String::new(), |seq| self.when(*seq)),
            evidence,
        }
    }

    /// The stack with its variant.
    pub fn stack_name(&self) -> String {
        let stack = &self.trace.header.stack;
        let simulated = if stack.simulated { ", simulated" } else { "" };
        match &stack.variant {
            Some(variant) => format!("{} {variant}{simulated}", stack.name),
            None => format!("{}{simulated}", stack.name),
        }
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> String {
        let stack = self.stack_name();
        match self.headline().verdict {
            Verdict::Holds => format!("{stack} came back."),
            Verdict::Inconclusive => format!("{stack}: it is unknown whether it came back."),
            Verdict::Violated => match self.failed_in_words() {
                Some(words) => format!("{words}."),
                None => format!("{stack} failed."),
            },
        }
    }

    /// When an event happened, relative to the fault before it.
    fn when(&self, seq: u64) -> String {
        let Some(event) = self.evidence.get(&seq) else {
            return String::new();
        };
        let at = event.at_us;
        let mut text = format!("At {} of the trial", moment(at));
        let view = self.view();
        if let Some(window) = view.fault_before(seq) {
            let fault = window.fault.and_then(|id| {
                let step = self.trace.plan.step(id)?;
                Some(format!("{id} ({})", step.action))
            });
            let fault = fault.unwrap_or_default();
            text += &match window.ready {
                Some(ready) if ready.moment.at_us < at => format!(
                    ", {} after the backend was ready again after {fault}",
                    duration_us(at - ready.moment.at_us)
                ),
                Some(ready) if ready.moment.at_us == at => {
                    format!(", as soon as the backend was ready again after {fault}")
                }
                _ if window.began.seq == seq => format!(", as {fault} began"),
                _ => format!(
                    ", {} after {fault} began",
                    duration_us(at - window.began.at_us)
                ),
            };
        } else if view.faults().next().is_some() {
            text += ", before any fault";
        }
        text + "."
    }

    /// The notes that were added to the trace, each with a title, except those of
    /// [shrinking](TrialReport::counterexample) and of the [control](TrialReport::control).
    pub fn notes(&self) -> Vec<(String, String)> {
        let mut notes = Vec::new();
        for note in &self.trace.notes {
            if Counterexample::default().take(note) || ControlNote::of(note).is_some() {
                continue;
            }
            match note {
                Value::Object(fields) => {
                    let fields = fields.iter();
                    notes.extend(fields.map(|(name, value)| (name.clone(), plain(value))));
                }
                other => notes.push(("note".to_owned(), plain(other))),
            }
        }
        notes
    }
}

/// A value as text: a string as it is, an object of plain fields as a list, anything else as JSON.
fn plain(value: &Value) -> String {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.values().all(is_plain) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| format!("{name}: {}", plain(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
