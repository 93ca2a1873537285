//! When the steps of a plan started and ended in one execution.

use std::collections::BTreeMap;

use super::StepId;

/// When the steps of a plan started and ended in one execution, in milliseconds since the plan
/// began. A skipped step has no start. A burst that still waited for an answer when the trial ended
/// has no end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepTimes {
    /// When each step started.
    pub starts_ms: BTreeMap<StepId, u64>,
    /// When each step was completed.
    pub ends_ms: BTreeMap<StepId, u64>,
}

impl StepTimes {
    /// When a step started; none if it was skipped.
    pub fn start_ms(&self, step: &StepId) -> Option<u64> {
        self.starts_ms.get(step).copied()
    }

    /// When a step was completed; none if it was skipped or never was.
    pub fn end_ms(&self, step: &StepId) -> Option<u64> {
        self.ends_ms.get(step).copied()
    }
}
