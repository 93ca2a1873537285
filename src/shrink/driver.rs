//! The course of shrinking one plan: steps, then shapes, then numbers.

mod alternatives;
mod anchors;
mod boundaries;
mod needs;
mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::bisection::Bracket;
use super::executions::{Execution, Executions, Purpose};
use super::guard::last_often;
use super::passes::{is_same_change, simpler_shapes};
use super::rates::Rates;
use super::record::RunRecord;
use super::reduce::{Look, PASSES_OF_WHAT_IS_GONE, Reduction};
use super::runs::Runs;
use super::shrunk::{Boundary, Ending, Found, Need, Shrunk};
use super::steps::RemovableSteps;
use crate::model::{Alternative, Number, Plan, StepId};

/// Where the failure does not always show, its rate is known well enough after this many failures,
/// or after this many runs.
const FAILURES_TO_KNOW: u32 = 4;
const RUNS_TO_KNOW: u32 = 20;

/// This many runs of the guard are as good.
const KNOWN_AFTER: u32 = 10;

/// Makes a failing plan as simple as it can, by the order of [`Plan::size`].
///
/// First go the steps that were never executed: no run is needed for that. Then as many steps as
/// can be left out, then simpler shapes of what is left, one scale for all times, and each number
/// by itself. What is accepted has failed. At last the plan's rate is compared with the one that it
/// had before its numbers were changed, and where it fails seldom, times are replaced by events.
/// What the smallest plan needs is tried out on that plan itself: without each step, with other
/// faults, and around each number's boundary.
pub async fn shrink(found: &Found, seed: u64, executions: &mut impl Executions) -> Shrunk {
    let steps = RemovableSteps::of(found);
    let mut driver = Driver::new(steps.plan.clone(), found.longest_offset_ms, executions);
    let reduction = Reduction::new(steps, seed);
    let ending = driver.run(reduction).await.unwrap_or(Ending::Stopped);
    Shrunk {
        plan: driver.best,
        ending,
        needs: driver.needs,
        alternatives: driver.alternatives,
        boundaries: driver.boundaries,
    }
}

struct Driver<'a, E> {
    best: Plan,
    longest_offset_ms: u64,
    rarer: BTreeSet<StepId>,
    /// Where the boundaries of numbers were when they were made smaller, on the plan of that time.
    hints: Vec<(Number, Bracket)>,
    needs: BTreeMap<StepId, Need>,
    alternatives: Vec<Alternative>,
    boundaries: Vec<Boundary>,
    /// The plans that were the best, from the one with the fewest steps on, each with how many
    /// hints there were then.
    accepted: Vec<(Plan, usize)>,
    /// Every execution of these and of plans that are made of them.
    seen: Vec<Seen>,
    /// How often these fail, and others that are made of the one with the fewest steps.
    record: RunRecord,
    executions: &'a mut E,
}

/// What came of one execution.
struct Seen {
    plan: Plan,
    failed: bool,
    /// For how long each fault really kept its backend away.
    outages_ms: BTreeMap<StepId, u64>,
}

impl<'a, E: Executions> Driver<'a, E> {
    fn new(first: Plan, longest_offset_ms: u64, executions: &'a mut E) -> Self {
        let found_once = Runs {
            failed: 1,
            passed: 0,
        };
        Driver {
            best: first,
            longest_offset_ms,
            rarer: BTreeSet::new(),
            hints: Vec::new(),
            needs: BTreeMap::new(),
            alternatives: Vec::new(),
            boundaries: Vec::new(),
            accepted: Vec::new(),
            seen: Vec::new(),
            record: RunRecord::new(Rates::after(found_once), 0),
            executions,
        }
    }

    async fn run(&mut self, mut reduction: Reduction) -> Option<Ending> {
        let mut look = Look::Later;
        loop {
            let finished = reduction.run(self.executions, look).await;
            self.take_over(&reduction, finished)?;
            if !self.learn_rate(reduction.is_shown()).await? {
                return Some(Ending::NotShownAgain);
            }
            self.shapes().await?;
            self.time_scale().await?;
            self.numbers().await?;
            if self.guard().await? || reduction.is_checked() {
                break;
            }
            // No smaller numbers are to blame: too many steps may be gone.
            let kept = reduction.current();
            let looked = reduction.check(self.executions).await;
            if looked.is_some() && reduction.current() == kept {
                break;
            }
            self.take_over(&reduction, looked)?;
            look = Look::AtTheEndToo;
        }
        self.anchors().await?;
        self.explain().await?;
        Some(Ending::Finished)
    }

    /// Tries out what the smallest plan needs. Only the removals are part of shrinking: what the
    /// budget leaves is spent on the rest.
    async fn explain(&mut self) -> Option<()> {
        self.needs().await?;
        while self.alternatives().await == Some(true) {
            self.needs().await?;
        }
        let _is_complete = self.boundaries().await;
        Some(())
    }

    /// How often the best plan may fail, by all that is known.
    fn rates(&self) -> Rates {
        let seen = self.record.runs_of(&self.best);
        self.record.rates().given(seen)
    }

    /// Goes on with what is left of the steps.
    fn take_over(&mut self, reduction: &Reduction, finished: Option<()>) -> Option<()> {
        self.best = reduction.plan();
        self.rarer = reduction.rarer().cloned().collect();
        self.hints.clear();
        self.accepted = vec![(self.best.clone(), 0)];
        self.record = RunRecord::new(reduction.rates(), reduction.guard_runs());
        finished
    }

    /// Where the failure does not always show and the guard had no reason to look, sees how often
    /// it does: what a pass says of a number depends on it. Whether the failure has shown at all,
    /// since it was found.
    async fn learn_rate(&mut self, is_shown: bool) -> Option<bool> {
        let mut rates = self.record.rates().clone();
        if rates.is_always() || self.record.known_runs() >= KNOWN_AFTER {
            return Some(is_shown);
        }
        let (plan, mut seen) = (self.best.clone(), Runs::default());
        let is_unknown = |seen: Runs| match is_shown || seen.failed > 0 {
            true => seen.failed < FAILURES_TO_KNOW && seen.all() < RUNS_TO_KNOW,
            false => seen.all() < PASSES_OF_WHAT_IS_GONE,
        };
        while is_unknown(seen) {
            let execution = self.executions.execute(&plan, Purpose::Guard).await?;
            let failed = execution == Execution::Failed;
            seen.count(failed);
            rates.ran(failed);
        }
        self.record = RunRecord::new(rates, self.record.known_runs() + seen.all());
        Some(is_shown || seen.failed > 0)
    }

    async fn shapes(&mut self) -> Option<()> {
        let mut passed: Vec<Plan> = Vec::new();
        let mut place = 0;
        loop {
            // What passed has another chance only when all the others had theirs, for it seldom
            // fails because another step is simpler; and none where the failure always shows.
            let mut shapes = simpler_shapes(&self.best);
            shapes.retain(|shape| self.executions.fits(shape));
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

    /// Whether a plan fails, which says something of the rate only if it does; if so, it is the
    /// best from now on.
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
        self.seen.push(Seen {
            plan: plan.clone(),
            failed,
            outages_ms: self.executions.outages_ms(),
        });
        Some(failed)
    }

    fn accept(&mut self, plan: Plan) {
        self.accepted.push((plan.clone(), self.hints.len()));
        self.take(plan);
    }

    fn take(&mut self, plan: Plan) {
        self.best = plan;
        self.executions.best(&self.best, self.record.rates().mean());
    }

    /// Checks that the best plan fails about as often as the one whose steps were the fewest, and
    /// steps back to the last one that does if not. Whether that is a simpler one than the one with
    /// the fewest steps.
    async fn guard(&mut self) -> Option<bool> {
        let last = self.accepted.len() - 1;
        if last == 0 {
            return Some(false);
        }
        let good = match self.is_often(last).await? {
            true => last,
            false => last_often(0, last, async |nth| self.is_often(nth).await).await?,
        };
        let (plan, hints) = self.accepted.swap_remove(good);
        if plan != self.best {
            // What was found out about the numbers of a later plan need not hold for this one.
            self.hints.truncate(hints);
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
