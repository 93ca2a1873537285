//! The course of shrinking one plan: steps, then shapes, then numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::bisection::{Bisection, Close, roundest};
use super::executions::{Execution, Executions};
use super::guard::last_often;
use super::passes::{Number, What, anchored, is_same_change, scaled, simpler_shapes, without};
use super::places::{MOST_PLACES, bits};
use super::rates::Rates;
use super::record::Record;
use super::reduce::{Look, Reduction};
use super::runs::Runs;
use super::shrunk::{Boundary, Found, Shrunk};
use super::steps::Steps;
use super::trials::Purpose;
use crate::model::{Plan, StepId, StepTimes};

/// So many runs are spent on one number at most.
const MOST_RUNS_OF_A_NUMBER: u32 = 10;

/// Where the failure does not always show, its rate is known well enough when it was seen so often, or after so many runs.
const FAILURES_TO_KNOW: u32 = 4;
const RUNS_TO_KNOW: u32 = 20;

/// Steps start within a millisecond or two of when they are due, so that times that are nearer are not told apart.
const NEAR_MS: u64 = 2;

/// Times and counts that are so near are not told apart: each halving costs an execution.
const CLOSE_TIMES: Close = Close {
    ratio: 1.06,
    difference: NEAR_MS,
};
const CLOSE_COUNTS: Close = Close {
    ratio: 1.2,
    difference: 0,
};

/// A time that matters is kept so much longer than where its boundary was found, for there the plan would fail only now and then: by a share of it, and
/// at least by what cannot be told apart on both sides.
const MARGIN: f64 = 1.2;
const MARGIN_MS: u64 = 2 * NEAR_MS;

/// The same for counts: from ten on they are kept a little greater.
const MARGIN_OF_COUNTS: f64 = 1.1;

/// A failure that shows so often needs no other anchors.
const OFTEN: f64 = 0.7;

/// With another anchor a plan has to fail so many times as often to be taken, in [`RUNS_OF_AN_ANCHOR`] runs: by chance alone that comes about
/// once in ten times at a rate of one half.
const MORE_OFTEN: f64 = 1.4;
const RUNS_OF_AN_ANCHOR: u32 = 10;

/// Makes a failing plan as simple as it can, by the order of [`Plan::size`].
///
/// First go the steps that were never executed: no run is needed for that. Then as many steps as can be left out, then simpler shapes of
/// what is left, one scale for all times, and each number by itself. What is accepted has failed. At last the plan's rate is compared with the one that it had
/// before its numbers were changed, and where it fails seldom, times are replaced by events.
pub async fn shrink(found: &Found, seed: u64, executions: &mut impl Executions) -> Shrunk {
    let mut driver = Driver::new(found, executions);
    let finished = driver.run(seed).await.is_some();
    Shrunk {
        plan: driver.best,
        finished,
        needed: driver.needed,
        boundaries: driver.boundaries,
    }
}

struct Driver<'a, E> {
    /// The plan that was found, without what was never executed.
    first: Plan,
    first_times: StepTimes,
    /// The steps that may be left out, by place; behind them the background load, if there is any.
    places: Vec<StepId>,
    odds: Vec<f64>,
    best: Plan,
    needed: BTreeMap<StepId, f64>,
    boundaries: Vec<Boundary>,
    /// The plans that were the best, from the one with the fewest steps on, each with how many boundaries were known then.
    accepted: Vec<(Plan, usize)>,
    /// How often these fail, and others that are made of the one with the fewest steps.
    record: Record,
    executions: &'a mut E,
}

impl<'a, E: Executions> Driver<'a, E> {
    fn new(found: &Found, executions: &'a mut E) -> Self {
        let (plan, times) = (&found.plan, &found.times);
        let skipped = |id: &StepId| times.start_ms(id).is_none();
        let ids = plan.steps.iter().map(|step| step.id.clone());
        let (gone, places): (BTreeSet<StepId>, Vec<StepId>) = match times.starts_ms.is_empty() {
            true => (BTreeSet::new(), ids.collect()),
            false => (
                ids.clone().filter(skipped).collect(),
                ids.filter(|id| !skipped(id)).collect(),
            ),
        };
        let places: Vec<StepId> = places.into_iter().take(MOST_PLACES - 1).collect();
        let odds = places.iter().map(|id| found.odds.get(id).copied());
        let mut odds: Vec<f64> = odds.map(Option::unwrap_or_default).collect();
        odds.extend(plan.background.as_ref().map(|_| 0.0));
        let first = without(plan, &gone, times);
        let found_once = Runs {
            failed: 1,
            passed: 0,
        };
        Driver {
            best: first.clone(),
            first,
            first_times: times.clone(),
            places,
            odds,
            needed: BTreeMap::new(),
            boundaries: Vec::new(),
            accepted: Vec::new(),
            record: Record::new(Rates::after(found_once), 0),
            executions,
        }
    }

    async fn run(&mut self, seed: u64) -> Option<()> {
        let mut reduction = Reduction::new(self.odds.clone(), seed);
        let mut look = Look::Later;
        loop {
            let finished = reduction.run(&mut self.steps(), look).await;
            self.take_over(&reduction, finished)?;
            self.learn_rate().await?;
            self.shapes().await?;
            self.time_scale().await?;
            self.numbers().await?;
            if self.guard().await? || reduction.is_checked() {
                break;
            }
            // No smaller numbers are to blame: too many steps may be gone.
            let kept = reduction.current();
            let looked = reduction.check(&mut self.steps()).await;
            if looked.is_some() && reduction.current() == kept {
                break;
            }
            self.take_over(&reduction, looked)?;
            look = Look::AtTheEndToo;
        }
        self.anchors().await
    }

    fn steps(&mut self) -> Steps<'_, E> {
        Steps {
            plan: &self.first,
            times: &self.first_times,
            places: &self.places,
            executions: self.executions,
        }
    }

    /// Goes on with what is left of the steps.
    fn take_over(&mut self, reduction: &Reduction, finished: Option<()>) -> Option<()> {
        let reduced = reduction.reduced(finished.is_some());
        self.best = self.steps().plan_of(reduced.kept);
        let needed = bits(reduced.kept).filter_map(|place| {
            let id = self.places.get(place as usize)?;
            Some((id.clone(), reduced.needed[place as usize]))
        });
        self.needed = needed.collect();
        self.boundaries.clear();
        self.accepted = vec![(self.best.clone(), 0)];
        self.record = Record::new(reduced.rates, reduction.guard_runs());
        finished
    }

    /// Where the failure does not always show and the guard had no reason to look, sees how often it does: what a pass says of a number depends
    /// on it.
    async fn learn_rate(&mut self) -> Option<()> {
        let mut rates = self.record.rates().clone();
        if rates.is_always() || self.record.known_runs() > 0 {
            return Some(());
        }
        let (plan, mut seen) = (self.best.clone(), Runs::default());
        while seen.failed < FAILURES_TO_KNOW && seen.all() < RUNS_TO_KNOW {
            let execution = self.executions.execute(&plan, Purpose::Guard).await?;
            let failed = execution == Execution::Failed;
            seen.count(failed);
            rates.ran(failed);
        }
        self.record = Record::new(rates, seen.all());
        Some(())
    }

    async fn shapes(&mut self) -> Option<()> {
        let mut passed: Vec<Plan> = Vec::new();
        let mut place = 0;
        loop {
            // What passed has another chance only when all the others had theirs, for it seldom fails because another step is simpler; and none
            // where the failure always shows.
            let shapes = simpler_shapes(&self.best);
            let is_tried = |shape: &Plan| match self.record.rates().is_always() {
                true => passed
                    .iter()
                    .any(|plan| is_same_change(&self.best, shape, plan)),
                false => passed.contains(shape),
            };
            let from_here = (0..shapes.len()).map(|nth| (place + nth) % shapes.len());
            let Some(next) = from_here.into_iter().find(|at| !is_tried(&shapes[*at])) else {
                return Some(());
            };
            place = next;
            if !self.simpler(&shapes[next]).await? {
                passed.push(shapes[next].clone());
                place += 1;
            }
        }
    }

    /// Makes all times shorter at once: to nothing if that does, else by halves.
    async fn time_scale(&mut self) -> Option<()> {
        if !Number::all(&self.best).iter().any(|n| n.what.is_time()) {
            return Some(());
        }
        let none = scaled(&self.best, 0.0);
        if self.simpler(&none).await? {
            return Some(());
        }
        let mut longer = None;
        loop {
            let now = self.best.clone();
            let half = scaled(&now, 0.5);
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

    async fn numbers(&mut self) -> Option<()> {
        let mut tried: Vec<Number> = Vec::new();
        // A number that is smaller may make room for another one: those that come up later are tried as well.
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
        let is_time = number.what.is_time();
        let close = if is_time { CLOSE_TIMES } else { CLOSE_COUNTS };
        let mut bisection = Bisection::new(number.what.least(), value, close, self.record.rates());
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
        self.boundaries.push(Boundary {
            number: number.clone(),
            bounds,
        });
        let far = safe(number.what, bounds.fails_from).min(value);
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

    /// Where the failure does not show each time, an event in the place of a time may make it show more often.
    async fn anchors(&mut self) -> Option<()> {
        let usual = self.record.rates().mean();
        if usual >= OFTEN {
            return Some(());
        }
        for plan in anchored(&self.best) {
            let mut seen = Runs::default();
            for _ in 0..RUNS_OF_AN_ANCHOR {
                let execution = self.executions.execute(&plan, Purpose::Guard).await?;
                seen.count(execution == Execution::Failed);
            }
            let rate = f64::from(seen.failed) / f64::from(seen.all());
            if seen.failed > 0 && rate >= usual * MORE_OFTEN {
                self.record.believe(Rates::after(seen));
                self.boundaries.clear();
                self.accept(plan);
                return Some(());
            }
        }
        Some(())
    }

    /// Whether a plan fails, which says something of the rate only if it does; if so, it is the best from now on.
    async fn simpler(&mut self, plan: &Plan) -> Option<bool> {
        let failed = self.fails(plan).await?;
        if failed {
            let mut rates = self.record.rates().clone();
            rates.ran(true);
            self.record.believe(rates);
        }
        Some(failed)
    }

    /// Whether a plan fails; if so, it is the best from now on.
    async fn fails(&mut self, plan: &Plan) -> Option<bool> {
        let failed = self.execute(plan, Purpose::Shrink).await?;
        if failed {
            self.accept(plan.clone());
        }
        Some(failed)
    }

    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<bool> {
        let failed = self.executions.execute(plan, purpose).await? == Execution::Failed;
        self.record.count(plan, failed);
        Some(failed)
    }

    fn accept(&mut self, plan: Plan) {
        self.accepted.push((plan.clone(), self.boundaries.len()));
        self.take(plan);
    }

    fn take(&mut self, plan: Plan) {
        self.best = plan;
        self.executions.best(&self.best, self.record.rates().mean());
    }

    /// Checks that the best plan fails about as often as the one whose steps were the fewest, and steps back to the last one that
    /// does if not. Whether that is a simpler one than the one with the fewest steps.
    async fn guard(&mut self) -> Option<bool> {
        let last = self.accepted.len() - 1;
        if last == 0 {
            return Some(false);
        }
        let good = match self.is_often(last).await? {
            true => last,
            false => last_often(0, last, async |nth| self.is_often(nth).await).await?,
        };
        let (plan, boundaries) = self.accepted.swap_remove(good);
        if plan != self.best {
            // What was found out about the numbers of a later plan need not hold for this one.
            self.boundaries.truncate(boundaries);
            self.take(plan);
        }
        Some(good > 0)
    }

    async fn is_often(&mut self, nth: usize) -> Option<bool> {
        let (plan, first) = (self.accepted[nth].0.clone(), self.accepted[0].0.clone());
        loop {
            let next = match self.record.look(&plan, &first) {
                ControlFlow::Break(often) => return Some(often),
                ControlFlow::Continue(next) => next.clone(),
            };
            self.execute(&next, Purpose::Guard).await?;
        }
    }
}

/// A value at which a number surely matters that begins to at `fails_from`.
fn safe(what: What, fails_from: u64) -> u64 {
    let value = fails_from as f64;
    match what.is_time() {
        true => (fails_from + MARGIN_MS).max((value * MARGIN).ceil() as u64),
        false => (value * MARGIN_OF_COUNTS) as u64,
    }
}
