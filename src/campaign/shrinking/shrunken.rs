//! A failure after shrinking.

use crate::model::{Explanation, Failure, Reproduced, ShrinkHistory};
use crate::shrink::Ending;
use crate::trace::Trace;

/// A failure after shrinking.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunken {
    /// The trace of the smallest plan, notes included.
    pub trace: Trace,
    /// How often the smallest plan failed.
    pub reproduced: Reproduced,
    /// How it was shrunk.
    pub history: ShrinkHistory,
    /// What the failure needs, in words.
    pub explanation: Explanation,
    /// Whether so few executions failed that a campaign should look for other failures, too.
    pub is_seldom: bool,
    /// How shrinking ended.
    pub ending: Ending,
}

impl Shrunken {
    /// Updates the failure to the smallest plan.
    pub(in crate::campaign) fn update(self, failure: &mut Failure) {
        let judgement = self.trace.judgement.as_ref();
        // The smallest plan gives the failure its signature; the one that was found stays among the
        // others.
        let name = judgement.and_then(|judgement| judgement.signature.clone());
        if let Some(name) = name.filter(|name| *name != failure.signature) {
            failure.also.retain(|other| *other != name);
            let found_as = std::mem::replace(&mut failure.signature, name);
            failure.also.push(found_as);
        }
        if let Some(finding) = judgement.and_then(|judgement| judgement.primary()) {
            failure.message = finding.message.clone();
            failure.evidence = finding.evidence.clone();
        }
        failure.plan = Some(self.trace.plan);
        failure.steps = self.history.to_steps;
        failure.steps_before_shrink = self.history.from_steps;
        failure.shrink_runs = self.history.runs;
        failure.guard_runs = self.history.guard_runs;
        failure.reproduced = self.reproduced;
        failure.explanation = Some(self.explanation.text);
        failure.is_seldom = self.is_seldom;
    }
}
