//! The course of shrinking one plan: steps, then shapes, then numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::belief::Belief;
use super::bisection::{Bisection, Bounds, roundest};
use super::guard::RateTest;
use super::passes::{Number, anchored, scaled, simpler_shapes, without};
use super::places::{MOST_PLACES, Places, bits};
use super::reduce::{Purpose, Trials, reduce};
use crate::model::{Plan, StepId, StepTimes};

/// So many runs are spent on one number at most.
const MOST_RUNS_OF_A_NUMBER: u32 = 16;

/// Steps start within a millisecond or two of when they are due, so that times that are nearer are not told apart.
const NEAR_MS: u64 = 2;

/// A time that matters is kept so much longer than where its boundary was found, for there the plan would fail only now and then: by a share of it, and
/// at least by what cannot be told apart on both sides.
const MARGIN: f64 = 1.2;
const MARGIN_MS: u64 = 2 * NEAR_MS;

/// A failure that shows so often needs no other anchors.
const OFTEN: f64 = 0.7;

/// With another anchor a plan has to fail so many times as often to be taken, in [`RUNS_OF_AN_ANCHOR`] runs: by chance alone that comes about
/// once in ten times at a rate of one half.
const MORE_OFTEN: f64 = 1.4;
const RUNS_OF_AN_ANCHOR: u32 = 10;

/// Executes plans for the driver.
pub trait Executions {
    /// Executes a plan once, on a fresh stack; none when there may be no more executions.
    fn execute(&mut self, plan: &Plan, purpose: Purpose)
    -> impl Future<Output = Option<Execution>>;

    /// From now on this plan, which has failed, is the best; it is believed to fail at this rate.
    fn best(&mut self, plan: &Plan, rate: f64);
}

/// What came of executing a plan once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution {
    /// It failed in the way that is looked for, and its steps were done then.
    Failed(StepTimes),
    /// It did not.
    Passed,
}

/// The failure that is to be shrunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The plan that failed.
    pub plan: Plan,
    /// When its steps were done.
    pub times: StepTimes,
    /// The logarithm of each step's odds to be needed, against the average step's; zero for a step that is not named.
    pub odds: BTreeMap<StepId, f64>,
}

/// What is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The smallest plan that failed often enough.
    pub plan: Plan,
    /// Whether shrinking came to its own end; else the executions did.
    pub finished: bool,
    /// How sure it is that each step is needed, from 0 to 1.
    pub needed: BTreeMap<StepId, f64>,
    /// The numbers that matter, and where they begin to.
    pub boundaries: Vec<Boundary>,
}

/// Where a number begins to matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The number.
    pub number: Number,
    /// Its boundary.
    pub bounds: Bounds,
}

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
    best: Plan,
    times: StepTimes,
    /// The steps that may be left out, by place; behind them the background load, if there is any.
    places: Vec<StepId>,
    odds: Vec<f64>,
    needed: BTreeMap<StepId, f64>,
    boundaries: Vec<Boundary>,
    /// The plans that were the best since the guard last looked, from that one on.
    accepted: Vec<Plan>,
    rate: f64,
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
        Driver {
            best: without(plan, &gone, times),
            times: times.clone(),
            places,
            odds,
            needed: BTreeMap::new(),
            boundaries: Vec::new(),
            accepted: Vec::new(),
            rate: 1.0,
            executions,
        }
    }

    async fn run(&mut self, seed: u64) -> Option<()> {
        self.steps(seed).await?;
        self.accepted = vec![self.best.clone()];
        self.shapes().await?;
        self.time_scale().await?;
        let mut tried: Vec<Number> = Vec::new();
        // A number that is smaller may make room for another one: those that come up later are tried as well.
        while let Some(number) = Number::all(&self.best)
            .into_iter()
            .find(|number| !tried.contains(number))
        {
            self.number(&number).await?;
            tried.push(number);
        }
        self.guard().await?;
        self.anchors().await
    }

    async fn steps(&mut self, seed: u64) -> Option<()> {
        let mut steps = Steps {
            plan: self.best.clone(),
            times: self.times.clone(),
            places: &self.places,
            latest: None,
            executions: self.executions,
        };
        let reduced = reduce(self.odds.clone(), seed, &mut steps).await;
        let latest = steps.latest.take();
        self.best = steps.plan_of(reduced.kept);
        self.rate = reduced.rate;
        let needed = bits(reduced.kept).filter_map(|place| {
            let id = self.places.get(place as usize)?;
            Some((id.clone(), reduced.needed[place as usize]))
        });
        self.needed = needed.collect();
        self.times = latest.unwrap_or_else(|| self.times.clone());
        reduced.finished.then_some(())
    }

    async fn shapes(&mut self) -> Option<()> {
        let mut passed: Vec<Plan> = Vec::new();
        let mut place = 0;
        loop {
            // What passed has another chance only when all the others had theirs, for it seldom fails because another step is simpler.
            let shapes = simpler_shapes(&self.best);
            let from_here = (0..shapes.len()).map(|nth| (place + nth) % shapes.len());
            let Some(next) = from_here
                .into_iter()
                .find(|at| !passed.contains(&shapes[*at]))
            else {
                return Some(());
            };
            place = next;
            if !self.fails(&shapes[next]).await? {
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
        if self.fails(&none).await? {
            return Some(());
        }
        loop {
            let half = scaled(&self.best, 0.5);
            if half == self.best || !self.fails(&half).await? {
                return Some(());
            }
        }
    }

    /// Finds a number's boundary, and leaves the number a little above it.
    async fn number(&mut self, number: &Number) -> Option<()> {
        let value = number.get(&self.best)?;
        let near = if number.what.is_time() { NEAR_MS } else { 0 };
        let mut bisection = Bisection::new(number.what.least(), value, near, self.rate);
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
        let bounds = bisection.bounds();
        if bounds.passes_at.is_none() {
            return Some(());
        }
        self.boundaries.push(Boundary {
            number: number.clone(),
            bounds,
        });
        let far = (bounds.fails_from as f64 * MARGIN).ceil() as u64;
        let far = far.max(bounds.fails_from + MARGIN_MS).min(value);
        if number.what.is_time() && far > bounds.fails_from {
            let safe = number.set(&self.best, roundest(far, value.min(2 * far)));
            self.fails(&safe).await?;
        }
        Some(())
    }

    /// Where the failure does not show each time, an event in the place of a time may make it show more often.
    async fn anchors(&mut self) -> Option<()> {
        if self.rate >= OFTEN {
            return Some(());
        }
        for plan in anchored(&self.best) {
            let (mut failed, mut times) = (0, None);
            for _ in 0..RUNS_OF_AN_ANCHOR {
                let execution = self.executions.execute(&plan, Purpose::Guard).await?;
                if let Execution::Failed(latest) = execution {
                    failed += 1;
                    times = Some(latest);
                }
            }
            let rate = f64::from(failed) / f64::from(RUNS_OF_AN_ANCHOR);
            if let Some(times) = times.filter(|_| rate >= self.rate * MORE_OFTEN) {
                (self.rate, self.times) = (rate, times);
                self.boundaries.clear();
                self.take(plan);
                return Some(());
            }
        }
        Some(())
    }

    /// Whether a plan fails; if so, it is the best from now on.
    async fn fails(&mut self, plan: &Plan) -> Option<bool> {
        match self.executions.execute(plan, Purpose::Shrink).await? {
            Execution::Passed => Some(false),
            Execution::Failed(times) => {
                self.times = times;
                self.accepted.push(plan.clone());
                self.take(plan.clone());
                Some(true)
            }
        }
    }

    fn take(&mut self, plan: Plan) {
        self.best = plan;
        self.executions.best(&self.best, self.rate);
    }

    /// Checks that the best plan fails about as often as the one whose steps were the fewest, and steps back to the last one that
    /// does if not.
    async fn guard(&mut self) -> Option<()> {
        let (mut good, mut bad) = (0, self.accepted.len());
        let mut looked_at = self.accepted.len() - 1;
        while bad - good > 1 {
            match self.is_often(looked_at).await? {
                true => good = looked_at,
                false => bad = looked_at,
            }
            looked_at = (good + bad) / 2;
        }
        let plan = self.accepted.swap_remove(good);
        if plan != self.best {
            // What was found out about the numbers of another plan need not hold for this one.
            self.boundaries.clear();
            self.take(plan);
        }
        Some(())
    }

    async fn is_often(&mut self, nth: usize) -> Option<bool> {
        let mut test = RateTest::new(self.rate);
        loop {
            let execution = self.executions.execute(&self.accepted[nth], Purpose::Guard);
            test.count(execution.await? != Execution::Passed);
            if let Some(often) = test.is_often() {
                return Some(often);
            }
        }
    }
}

/// The plans that are made of one by leaving out steps.
struct Steps<'a, E> {
    plan: Plan,
    times: StepTimes,
    places: &'a [StepId],
    /// When the steps of the best plan so far were done.
    latest: Option<StepTimes>,
    executions: &'a mut E,
}

impl<E: Executions> Steps<'_, E> {
    fn plan_of(&self, kept: Places) -> Plan {
        let is_kept = |place: usize| kept >> place & 1 == 1;
        let places = self.places.iter().enumerate();
        let gone = places.filter(|(place, _)| !is_kept(*place));
        let gone = gone.map(|(_, id)| id.clone()).collect();
        let background = self.plan.background.clone();
        Plan {
            background: background.filter(|_| is_kept(self.places.len())),
            ..without(&self.plan, &gone, &self.times)
        }
    }
}

impl<E: Executions> Trials for Steps<'_, E> {
    async fn fails(&mut self, kept: Places, purpose: Purpose) -> Option<bool> {
        let plan = self.plan_of(kept);
        match self.executions.execute(&plan, purpose).await? {
            Execution::Passed => Some(false),
            Execution::Failed(times) => {
                self.latest = Some(times);
                Some(true)
            }
        }
    }

    fn best(&mut self, kept: Places, belief: &Belief) {
        let plan = self.plan_of(kept);
        self.executions.best(&plan, belief.rate());
    }
}
