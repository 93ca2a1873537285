//! Events instead of times.

use super::Driver;
use crate::model::Plan;
use crate::shrink::executions::{Execution, Executions, Purpose};
use crate::shrink::passes::anchored;
use crate::shrink::rates::Rates;
use crate::shrink::record::RunRecord;
use crate::shrink::runs::Runs;

/// A failure that shows this often needs no other anchors.
const OFTEN: f64 = 0.7;

/// With another anchor, a plan is taken if it fails this many times as often, in each of two series
/// of [`RUNS_OF_AN_ANCHOR`] runs. In one series that happens by chance once in six times at a rate
/// of one half, and there are several anchors to try.
const MORE_OFTEN: f64 = 1.4;
const RUNS_OF_AN_ANCHOR: u32 = 10;

impl<E: Executions> Driver<'_, E> {
    /// Where the failure does not show each time, an event instead of a time may make it show more
    /// often. Then its numbers matter in another way.
    pub(super) async fn anchors(&mut self) -> Option<()> {
        let usual = self.record.rates().mean();
        if usual >= OFTEN {
            return Some(());
        }
        let enough = (usual * MORE_OFTEN * f64::from(RUNS_OF_AN_ANCHOR)).ceil() as u32;
        for plan in anchored(&self.best) {
            let mut seen = self.series(&plan, enough).await?;
            if seen.failed < enough {
                continue;
            }
            let again = self.series(&plan, enough).await?;
            if again.failed < enough {
                continue;
            }
            seen.failed += again.failed;
            seen.passed += again.passed;
            self.record = RunRecord::new(Rates::after(seen), seen.all());
            self.hints.clear();
            self.accepted = vec![(plan.clone(), 0)];
            self.take(plan);
            self.numbers().await?;
            self.guard().await?;
            return Some(());
        }
        Some(())
    }

    /// Runs a plan for one series, or until it can no longer fail often enough.
    async fn series(&mut self, plan: &Plan, enough: u32) -> Option<Runs> {
        let mut seen = Runs::default();
        while seen.all() < RUNS_OF_AN_ANCHOR && seen.passed <= RUNS_OF_AN_ANCHOR - enough {
            let execution = self.executions.execute(plan, Purpose::Guard).await?;
            seen.count(execution == Execution::Failed);
        }
        Some(seen)
    }
}
