//! Other faults instead of the smallest plan's.

use super::Driver;
use crate::model::{Alternative, Fault, Plan, StepId};
use crate::shrink::executions::{Executions, Purpose};
use crate::shrink::passes::{other_faults, with_fault};

/// Another fault is said not to do if a failure would hide with at most this probability.
const HIDES: f64 = 0.03;
const LEAST_PASSES: u32 = 2;

/// After this many passes that leave it open, nothing is said of it.
const MOST_PASSES: u32 = 6;

impl<E: Executions> Driver<'_, E> {
    /// Tries the other faults instead of each one. A simpler one that does as well is taken; then
    /// nothing is known of the needs any more, and the answer is `true`.
    pub(super) async fn alternatives(&mut self) -> Option<bool> {
        self.alternatives.clear();
        if self.rates().hides(MOST_PASSES) > HIDES {
            return Some(false);
        }
        let faults = self.best.faults();
        let faults: Vec<(StepId, Fault)> = faults
            .map(|(id, fault)| (id.clone(), fault.clone()))
            .collect();
        for (step, fault) in faults {
            for other in other_faults(&fault) {
                let plan = with_fault(&self.best, &step, &other);
                if !self.executions.fits(&plan) {
                    continue;
                }
                let Some((fails, runs)) = self.try_alternative(&plan).await? else {
                    continue;
                };
                let is_simpler = plan.size() < self.best.size();
                if fails && is_simpler && self.is_as_good(&plan).await? {
                    return Some(true);
                }
                self.alternatives.push(Alternative {
                    step: step.clone(),
                    fault: other.kind.name().to_owned(),
                    fails,
                    runs,
                });
            }
        }
        Some(false)
    }

    /// Whether a plan fails, and how many executions it took to know; none inside where that is
    /// left open.
    async fn try_alternative(&mut self, plan: &Plan) -> Option<Option<(bool, u32)>> {
        let rates = self.rates();
        for passed in 1..=MOST_PASSES {
            if self.execute(plan, Purpose::Explain).await? {
                return Some(Some((true, passed)));
            }
            if passed >= LEAST_PASSES && rates.hides(passed) <= HIDES {
                return Some(Some((false, passed)));
            }
        }
        Some(None)
    }
}
