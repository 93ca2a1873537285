//! Times and counts: each is made smaller until it begins to matter.

use super::Driver;
use crate::model::{Number, NumberKind};
use crate::shrink::bisection::{Bisection, Close, roundest};
use crate::shrink::executions::Executions;

/// Upper bound on the runs for one number.
const MOST_RUNS_OF_A_NUMBER: u32 = 10;

/// Steps start within a millisecond or two of when they are due, so that times closer than this
/// count as equal.
const NEAR_MS: u64 = 2;

/// Times and counts closer than this count as equal: each halving costs an execution.
const CLOSE_TIMES: Close = Close {
    ratio: 1.06,
    difference: NEAR_MS,
};
const CLOSE_COUNTS: Close = Close {
    ratio: 1.2,
    difference: 0,
};

/// A time that matters is kept this much longer than its boundary, where the plan would fail only
/// now and then: by a share of it, and at least by what counts as equal on both sides.
const MARGIN: f64 = 1.2;
const MARGIN_MS: u64 = 2 * NEAR_MS;

/// The same for counts: from ten on they are kept a little greater.
const MARGIN_OF_COUNTS: f64 = 1.1;

impl<E: Executions> Driver<'_, E> {
    /// Makes all times shorter at once: to nothing if that does, else by halves.
    pub(super) async fn time_scale(&mut self) -> Option<()> {
        if !Number::all(&self.best).iter().any(|n| n.kind.is_time()) {
            return Some(());
        }
        let none = self.best.scaled(0.0);
        if self.simpler(&none).await? {
            return Some(());
        }
        let mut longer = None;
        loop {
            let now = self.best.clone();
            let half = now.scaled(0.5);
            if half == now {
                return Some(());
            }
            if !self.simpler(&half).await? {
                // Just above where the times begin to matter it would fail only now and then.
                if let Some(longer) = longer {
                    self.accept(longer);
                }
                return Some(());
            }
            longer = Some(now);
        }
    }

    pub(super) async fn numbers(&mut self) -> Option<()> {
        let mut tried: Vec<Number> = Vec::new();
        // A number that is smaller may make room for another one: those that come up later are
        // tried as well.
        while let Some(number) = Number::all(&self.best)
            .into_iter()
            .find(|number| !tried.contains(number))
        {
            self.number(&number).await?;
            tried.push(number);
        }
        Some(())
    }

    /// Finds a number's boundary, and leaves the number a little above it.
    async fn number(&mut self, number: &Number) -> Option<()> {
        let value = number.get(&self.best)?;
        let is_time = number.kind.is_time();
        let close = if is_time { CLOSE_TIMES } else { CLOSE_COUNTS };
        let mut bisection = Bisection::new(number.kind.least(), value, close, self.record.rates());
        for _ in 0..MOST_RUNS_OF_A_NUMBER {
            let Some(tried) = bisection.next() else {
                break;
            };
            let smaller = number.set(&self.best, tried);
            match self.fails(&smaller).await? {
                true => bisection.failed(tried),
                false => bisection.passed(tried),
            }
        }
        self.record.believe(bisection.rates());
        let bounds = bisection.bounds();
        if bounds.passes_at.is_none() {
            return Some(());
        }
        self.hints.push((number.clone(), bounds));
        let far = safe(number.kind, bounds.fails_from).min(value);
        if far > bounds.fails_from {
            let safe = number.set(&self.best, roundest(far, value.min(2 * far)));
            let seen = self.record.runs_of(&safe);
            if seen.failed > 0 && seen.passed == 0 {
                self.accept(safe);
            } else {
                self.fails(&safe).await?;
            }
        }
        Some(())
    }
}

/// A value at which a number surely matters that begins to at `fails_from`.
fn safe(kind: NumberKind, fails_from: u64) -> u64 {
    let value = fails_from as f64;
    match kind.is_time() {
        true => (fails_from + MARGIN_MS).max((value * MARGIN).ceil() as u64),
        false => (value * MARGIN_OF_COUNTS) as u64,
    }
}
