//! Where the numbers of the smallest plan begin to matter.

use super::{Driver, Seen};
use crate::model::is_other_outage;
use crate::model::{Number, NumberKind};
use crate::shrink::bisection::Bracket;
use crate::shrink::executions::{Executions, Purpose};
use crate::shrink::shrunk::Boundary;
use crate::shrink::threshold::{Narrow, Threshold};

/// Upper bound on the executions for one boundary.
const MOST_RUNS: u32 = 12;

/// Upper bound on the executions for all of them: one may take minutes.
const MOST_RUNS_IN_ALL: u32 = 30;

/// Upper bound on the executions that make sure that the smallest plan always fails.
const MOST_SURE_RUNS: u32 = 6;

/// A reader wants to know roughly where a number begins to matter, and each halving of the interval
/// costs an execution.
const NARROW_TIMES: Narrow = Narrow {
    ratio: 1.5,
    difference: 4,
};
const NARROW_COUNTS: Narrow = Narrow {
    ratio: 1.2,
    difference: 1,
};

impl<E: Executions> Driver<'_, E> {
    /// Looks for the boundary of each number. Where the failure does not always show, passes lie on
    /// both sides of it, and nothing is said.
    pub(super) async fn boundaries(&mut self) -> Option<()> {
        self.boundaries.clear();
        let mut left = MOST_RUNS_IN_ALL;
        for number in Number::all(&self.best) {
            if !self.fails_always().await? {
                self.boundaries.clear();
                return Some(());
            }
            let Some(value) = number.get(&self.best) else {
                continue;
            };
            let found = self.boundary(&number, value, &mut left).await?;
            self.boundaries.extend(found);
        }
        Some(())
    }

    /// Whether the smallest plan surely fails every time; it is executed until that is known.
    async fn fails_always(&mut self) -> Option<bool> {
        for _ in 0..MOST_SURE_RUNS {
            let rates = self.rates();
            if !rates.is_always() || rates.is_surely_always() {
                break;
            }
            let best = self.best.clone();
            self.execute(&best, Purpose::Explain).await?;
        }
        Some(self.rates().is_surely_always())
    }

    /// The boundary of a number, if there is one, in as many executions as are left.
    async fn boundary(
        &mut self,
        number: &Number,
        value: u64,
        left: &mut u32,
    ) -> Option<Option<Boundary>> {
        let hint = self.hints.iter().rev().find(|(of, _)| of == number);
        let hint = hint.map(|(_, bounds)| *bounds);
        let narrow = match number.kind.is_time() {
            true => NARROW_TIMES,
            false => NARROW_COUNTS,
        };
        let rates = self.rates();
        let mut threshold = Threshold::new(number.kind.least(), value, hint, &rates, narrow);
        for (value, seen) in self.alike(number) {
            threshold.saw(value, seen.failed);
        }
        let mut runs = 0;
        while let Some(next) = threshold.next() {
            if runs == MOST_RUNS || *left == 0 {
                return Some(None);
            }
            runs += 1;
            *left -= 1;
            let plan = number.set(&self.best, next);
            threshold.saw(next, self.execute(&plan, Purpose::Explain).await?);
        }
        let Some(bounds) = threshold.interval() else {
            return Some(None);
        };
        let Ok(measured) = self.measured(number, value, bounds) else {
            return Some(None);
        };
        Some(Some(Boundary {
            number: number.clone(),
            bounds,
            measured,
        }))
    }

    /// The executions of plans that differ from the best one in nothing but this number, with its
    /// value.
    fn alike(&self, number: &Number) -> impl Iterator<Item = (u64, &Seen)> {
        self.seen.iter().filter_map(|seen| {
            let value = number.get(&seen.plan)?;
            (number.set(&self.best, value) == seen.plan).then_some((value, seen))
        })
    }

    /// The interval of an outage as it was measured, where that is another one than what was
    /// planned; an error where what passed had lasted longer than what failed, so that what was
    /// measured has no boundary.
    fn measured(
        &self,
        number: &Number,
        value: u64,
        bounds: Bracket,
    ) -> Result<Option<Bracket>, ()> {
        if number.kind != NumberKind::Outage {
            return Ok(None);
        }
        let outage = |seen: &Seen| seen.outages_ms.get(&number.step).copied();
        let with = |failed: bool| {
            let alike = self
                .alike(number)
                .filter(move |(_, seen)| seen.failed == failed);
            alike.filter_map(move |(planned, seen)| Some((planned, outage(seen)?)))
        };
        let is_other = with(true)
            .any(|(planned, measured)| planned == value && is_other_outage(planned, measured));
        if !is_other {
            return Ok(None);
        }
        let passed = with(false).filter(|(planned, _)| Some(*planned) <= bounds.passes_at);
        let failed = with(true).filter(|(planned, _)| *planned >= bounds.fails_from);
        let passes_at = passed.map(|(_, measured)| measured).max();
        let fails_from = failed.map(|(_, measured)| measured).min();
        match (passes_at, fails_from) {
            (Some(passes), Some(fails_from)) if passes < fails_from => Ok(Some(Bracket {
                passes_at,
                fails_from,
            })),
            _ => Err(()),
        }
    }
}
