//! How often what is left fails: the guard's checks.

use super::{MOST_GUARD_RUNS, PASSES_OF_WHAT_IS_GONE, Reduction};
use crate::shrink::belief::Belief;
use crate::shrink::executions::{Executions, Purpose};
use crate::shrink::guard::{RateTest, last_often};
use crate::shrink::places::Places;

/// After this many runs even the guard takes no more.
const MOST_RUNS_WITH_THE_LAST_LOOK: u32 = 600;

impl Reduction {
    /// Runs the whole plan until it fails; not for ever.
    pub(super) async fn shows_again(&mut self, executions: &mut impl Executions) -> Option<bool> {
        let first = self.accepted[0];
        for _ in 0..PASSES_OF_WHAT_IS_GONE {
            if self.look(first, executions).await? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Checks that the present plan fails often enough, and steps back to the last one that does if
    /// not.
    pub async fn check(&mut self, executions: &mut impl Executions) -> Option<()> {
        let current = self.current();
        if current == self.accepted[0] || self.is_often(current, executions).await? {
            self.checked = Some(current);
            return Some(());
        }
        // The rate fell somewhere between a good plan and a bad one of those accepted.
        let checked = |plan: &Places| Some(*plan) == self.checked && *plan != current;
        let good = self.accepted.iter().position(checked).unwrap_or(0);
        let bad = self.accepted.len() - 1;
        let is_often = async |place| self.is_often(self.accepted[place], executions).await;
        let good = last_often(good, bad, is_often).await?;
        let (kept, lost) = (self.accepted[good], self.accepted[good + 1]);
        self.accepted.truncate(good + 1);
        self.suspects |= kept & !lost;
        self.vetoed.push(lost);
        self.doubts = 0;
        self.seed += 1;
        self.belief = Belief::new(self.steps.log_odds.clone(), self.seed);
        self.belief.failed_without(self.accepted[0] & !kept);
        let guarded = [self.guarded.of(&self.accepted[0]), self.guarded.of(&kept)];
        let failed = guarded.iter().map(|runs| runs.failed).sum::<u32>();
        let passed = guarded.iter().map(|runs| runs.passed).sum::<u32>();
        (0..failed).for_each(|_| self.belief.ran(true));
        (0..passed).for_each(|_| self.belief.ran(false));
        // What holds all that is left says nothing of any step.
        for removed in left_out(kept, &self.passed) {
            self.belief.passed_without(removed);
        }
        for removed in left_out(kept, &self.vetoed) {
            self.belief.vetoed_without(removed);
        }
        self.checked = Some(kept);
        executions.best(&self.plan(), self.belief.rate());
        Some(())
    }

    /// Runs of the guard so far.
    pub fn guard_runs(&self) -> u32 {
        self.guarded.all()
    }

    /// Whether a plan fails often enough. What is learned of the present plan's rate and of the
    /// first one's is believed, too: they are about the same, else the guard does not let it stand.
    pub(super) async fn is_often(
        &mut self,
        kept: Places,
        executions: &mut impl Executions,
    ) -> Option<bool> {
        let first = self.accepted[0];
        loop {
            let (original, plan) = (self.guarded.of(&first), self.guarded.of(&kept));
            let doubts = match kept == self.current() {
                true => self.doubts,
                false => 0,
            };
            let test = RateTest::of_steps(original, plan);
            if let Some(often) = test.is_often_in_spite_of(doubts) {
                return Some(often);
            }
            if self.guard_runs() >= MOST_GUARD_RUNS || self.runs >= MOST_RUNS_WITH_THE_LAST_LOOK {
                return Some(false);
            }
            // While the plan keeps failing, the original's rate does not matter; later both are
            // known about equally well.
            let next = match plan.passed > 0 && original.all() < plan.all() {
                true => first,
                false => kept,
            };
            self.look(next, executions).await?;
        }
    }

    /// Runs a plan to see how often it fails. Whether it does.
    async fn look(&mut self, plan: Places, executions: &mut impl Executions) -> Option<bool> {
        let failed = self.fails(plan, Purpose::Guard, executions).await?;
        self.guarded.count(&plan, failed);
        if plan == self.accepted[0] || plan == self.current() {
            self.belief.ran(failed);
        }
        Some(failed)
    }
}

/// What each of these plans leaves out of `kept`, where it leaves out anything.
pub(super) fn left_out(kept: Places, plans: &[Places]) -> impl Iterator<Item = Places> {
    let left_out = plans.iter().map(move |plan| kept & !plan);
    left_out.filter(|left_out| *left_out != 0)
}
