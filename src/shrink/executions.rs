//! Where plans are executed.

use std::collections::BTreeMap;

use crate::model::{Plan, StepId};

/// Executes plans.
pub trait Executions {
    /// Executes a plan once, on a fresh stack: whether it fails in the way that is looked for. None
    /// when there may be no more executions.
    fn fails(&mut self, plan: &Plan, purpose: Purpose) -> impl Future<Output = Option<bool>>;

    /// For how many milliseconds each fault of the last execution really kept its backend away,
    /// where that was measured.
    fn outages_ms(&self) -> BTreeMap<StepId, u64> {
        BTreeMap::new()
    }

    /// Whether a plan may be executed there: not every fault may be done to every backend.
    fn fits(&self, plan: &Plan) -> bool;

    /// From now on this plan, which has failed, is the best; it is believed to fail at this rate.
    fn best(&mut self, plan: &Plan, rate: f64);
}

/// What an execution is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make the plan smaller.
    Shrink,
    /// To see how often a plan fails.
    Guard,
    /// To see what the smallest plan needs.
    Explain,
}
