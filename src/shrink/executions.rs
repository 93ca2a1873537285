//! Where plans are executed.

use std::collections::BTreeMap;

use crate::model::{Plan, StepId};

/// Executes plans while one of them is shrunk.
pub trait Executions {
    /// Executes a plan once, on a fresh stack; none when there may be no more executions.
    fn execute(&mut self, plan: &Plan, purpose: Purpose)
    -> impl Future<Output = Option<Execution>>;

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

/// What a plan is executed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make the plan smaller.
    Shrink,
    /// To see how often a plan fails.
    Guard,
    /// To see what the smallest plan needs.
    Explain,
}

/// What came of executing a plan once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// It failed in the way that is looked for.
    Failed,
    /// It did not.
    Passed,
}
