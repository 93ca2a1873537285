//! Leaving out steps.

mod looks;

use super::belief::Belief;
use super::choice::choose;
use super::executions::{Execution, Executions, Purpose};
use super::places::{Places, all};
use super::rates::Rates;
use super::runs::RunsOf;
use super::shrunk::Found;
use super::steps::RemovableSteps;
use crate::model::{Plan, StepId};

/// It ends when it is this sure that every step left is needed.
const SURE: f64 = 0.96;

/// The rate is checked for the first time when it is this sure: by then few steps are left, and
/// what the guard learns of the rate makes it cheaper to be sure.
const FIRST_CHECK: f64 = 0.3;

/// The same where the failure is believed to show always: the rate is checked only at the end, but
/// those runs add certainty, too.
const CHECK_OF_ALWAYS: f64 = 0.85;

/// Runs of the guard at most. Afterwards undecided plans count as failing too seldom, and suspected
/// steps stay.
const MOST_GUARD_RUNS: u32 = 450;

/// After this many runs, the guard's included, no more steps are left out. The guard may then take
/// some more to check what is left.
const MOST_RUNS: u32 = 500;

/// After this many runs without a failure, check whether it shows again at all.
const DOUBTED_AFTER: u32 = 20;

/// The failure counts as gone when the whole plan passed this many times in a row. A plan that
/// fails once in twenty times does so once in twenty.
pub const PASSES_OF_WHAT_IS_GONE: u32 = 60;

/// What is left of a plan's steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduced {
    /// The steps, by their places in the plan; behind them the background load, if there is any.
    pub kept: Places,
    /// How often they are believed to fail.
    pub rates: Rates,
    /// Whether it ran to its end.
    pub finished: bool,
}

/// Leaves out as many steps as it can, and does nothing else: the first part of
/// [`shrink`](super::shrink). Steps that were never executed have no place.
pub async fn reduce(found: &Found, seed: u64, executions: &mut impl Executions) -> Reduced {
    let mut reduction = Reduction::new(RemovableSteps::of(found), seed);
    let finished = reduction.run(executions, Look::AtTheEndToo).await.is_some();
    Reduced {
        kept: reduction.current(),
        rates: reduction.rates(),
        finished,
    }
}

/// When the guard checks the rate of a plan that is believed to fail always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As for any other plan: before nothing more is left out.
    AtTheEndToo,
    /// Later: the caller makes the plan simpler still, and checks then. If that one always fails,
    /// so did this one.
    Later,
}

/// Leaving out steps, under way.
pub struct Reduction {
    steps: RemovableSteps,
    belief: Belief,
    seed: u64,
    /// The plans that were the best, from the first to the present one.
    accepted: Vec<Places>,
    /// The plans that passed.
    passed: Vec<Places>,
    /// The plans that fail too seldom, as the guard found.
    vetoed: Vec<Places>,
    /// Steps among which there is one whose removal lowers the rate too much. A smaller plan
    /// without any of them is accepted only by the guard.
    suspects: Places,
    /// How many plans smaller than the present one fail too seldom, as the guard found.
    doubts: usize,
    /// What the guard saw of each plan.
    guarded: RunsOf<Places>,
    /// The last plan that fails often enough, as the guard found.
    checked: Option<Places>,
    runs: u32,
    /// Whether the failure has shown again.
    is_shown: bool,
}

impl Reduction {
    /// Before anything is left out.
    pub fn new(steps: RemovableSteps, seed: u64) -> Self {
        let first = all(steps.log_odds.len());
        Reduction {
            belief: Belief::new(steps.log_odds.clone(), seed),
            steps,
            seed,
            accepted: vec![first],
            passed: Vec::new(),
            vetoed: Vec::new(),
            suspects: 0,
            doubts: 0,
            guarded: RunsOf::default(),
            checked: None,
            runs: 0,
            is_shown: false,
        }
    }

    /// The plan with the steps that are left.
    pub fn plan(&self) -> Plan {
        self.steps.plan_of(self.current())
    }

    /// How often it is believed to fail.
    pub fn rates(&self) -> Rates {
        self.belief.how_often()
    }

    /// The steps without which it still fails, but too seldom, as the guard found.
    pub fn rarer(&self) -> impl Iterator<Item = &StepId> {
        let gone = looks::left_out(self.current(), &self.vetoed);
        let alone = gone.filter(|gone| gone.count_ones() == 1);
        let rarer = alone.fold(0, |rarer, step| rarer | step);
        self.steps.ids_of(rarer)
    }

    /// Whether the guard has let stand what is left.
    pub fn is_checked(&self) -> bool {
        self.checked == Some(self.current())
    }

    /// The steps that are left.
    pub fn current(&self) -> Places {
        self.belief.left()
    }

    /// Whether the failure has shown again since it was found.
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Until nothing can be left out, too many runs were spent, or the failure does not show again;
    /// none if the runs come to their end before.
    pub async fn run(&mut self, executions: &mut impl Executions, look: Look) -> Option<()> {
        loop {
            if self.runs >= MOST_RUNS && !self.is_checked() {
                self.check(executions).await?;
            }
            if self.runs >= MOST_RUNS {
                return Some(());
            }
            let sure = self.belief.surely_all();
            if !self.is_shown && self.runs >= DOUBTED_AFTER {
                if !self.shows_again(executions).await? {
                    return Some(());
                }
                continue;
            }
            let always = self.belief.how_often().is_always();
            let enough = if always { CHECK_OF_ALWAYS } else { FIRST_CHECK };
            let looks = !always || look == Look::AtTheEndToo;
            let due = sure >= SURE || (self.checked.is_none() && sure >= enough);
            if looks && due && !self.is_checked() {
                self.check(executions).await?;
                continue;
            }
            if sure >= SURE {
                return Some(());
            }
            let Some(removed) = choose(&self.belief) else {
                return Some(());
            };
            let kept = self.current() & !removed;
            if removed & self.suspects != 0 && self.guard_runs() >= MOST_GUARD_RUNS {
                self.belief.vetoed_without(removed);
            } else if !self.fails(kept, Purpose::Shrink, executions).await? {
                self.passed.push(kept);
                self.belief.passed_without(removed);
            } else if removed & self.suspects != 0 && !self.is_often(kept, executions).await? {
                self.vetoed.push(kept);
                self.belief.vetoed_without(removed);
                // If the present plan is itself one that fails too seldom, all that are smaller
                // will be found to.
                self.doubts += 1;
                self.check(executions).await?;
            } else {
                let guarded = removed & self.suspects != 0;
                self.accept(kept, executions);
                if guarded {
                    self.checked = Some(kept);
                }
            }
        }
    }

    async fn fails(
        &mut self,
        kept: Places,
        purpose: Purpose,
        executions: &mut impl Executions,
    ) -> Option<bool> {
        self.runs += 1;
        let plan = self.steps.plan_of(kept);
        let failed = executions.execute(&plan, purpose).await? == Execution::Failed;
        self.is_shown |= failed;
        Some(failed)
    }

    fn accept(&mut self, kept: Places, executions: &mut impl Executions) {
        self.belief.failed_without(self.current() & !kept);
        self.doubts = 0;
        self.accepted.push(kept);
        executions.best(&self.plan(), self.belief.rate());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::FutureExt;

    use super::super::bits;
    use super::*;
    use crate::model::{Action, Anchor, Step, StepTimes, Wait};

    /// Fails at a rate while the needed steps are there, and at half of it for each amplifier that
    /// is gone.
    struct Oracle {
        needed: Places,
        amplifiers: Places,
        rate: f64,
        false_alarms: f64,
        most_runs: u32,
        runs: u32,
        guard_runs: u32,
        rng: fastrand::Rng,
    }

    impl Oracle {
        fn new(rate: f64, seed: u64) -> Self {
            Oracle {
                needed: 0b1000_0000_0010_0000_0001_0000,
                amplifiers: 0,
                rate,
                false_alarms: 0.0,
                most_runs: u32::MAX,
                runs: 0,
                guard_runs: 0,
                rng: fastrand::Rng::with_seed(seed),
            }
        }

        fn rate(&self, kept: Places) -> f64 {
            match kept & self.needed == self.needed {
                true => self.rate * 0.4_f64.powi((self.amplifiers & !kept).count_ones() as i32),
                false => self.false_alarms,
            }
        }

        fn reduce(&mut self, seed: u64) -> Reduced {
            let reduced = reduce(&found(), seed, self).now_or_never();
            reduced.expect("nothing here waits")
        }
    }

    impl Executions for Oracle {
        async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
            let places = plan
                .steps
                .iter()
                .map(|step| step.id.0.parse::<u32>().unwrap());
            let kept = places.fold(0, |kept, place| kept | 1 << place);
            self.runs += 1;
            self.guard_runs += u32::from(purpose == Purpose::Guard);
            (self.runs <= self.most_runs).then(|| match self.rng.f64() < self.rate(kept) {
                true => Execution::Failed,
                false => Execution::Passed,
            })
        }

        fn fits(&self, _plan: &Plan) -> bool {
            true
        }

        fn best(&mut self, _plan: &Plan, _rate: f64) {}
    }

    /// A plan of thirty steps, each named by its place.
    fn found() -> Found {
        let step = |place: u32| Step {
            id: StepId(place.to_string()),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Wait(Wait { wait_ms: 1 }),
        };
        Found {
            plan: Plan {
                seed: 1,
                index: 0,
                background: None,
                steps: (0..30).map(step).collect(),
            },
            times: StepTimes::default(),
            log_odds: BTreeMap::new(),
            longest_offset_ms: 0,
        }
    }

    #[test]
    fn a_failure_that_always_shows_is_reduced_to_what_it_needs() {
        for seed in 0..10 {
            let mut oracle = Oracle::new(1.0, seed);
            let reduced = oracle.reduce(seed);
            assert_eq!((reduced.kept, reduced.finished), (oracle.needed, true));
            assert!(oracle.runs <= 32, "{} runs", oracle.runs);
            assert!(oracle.guard_runs <= 6, "{} runs", oracle.guard_runs);
            assert!(reduced.rates.mean() > 0.95, "{:?}", reduced.rates);
        }
    }

    #[test]
    fn a_flaky_failure_keeps_what_it_needs() {
        for seed in 0..10 {
            let mut oracle = Oracle::new(0.4, seed);
            let kept = oracle.reduce(seed).kept;
            assert_eq!(kept & oracle.needed, oracle.needed, "seed {seed}");
            assert!(
                kept.count_ones() <= 4,
                "{:?}",
                bits(kept).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn what_makes_a_failure_frequent_is_kept() {
        let kept = (0..10).filter(|seed| {
            let mut oracle = Oracle::new(0.9, *seed);
            oracle.amplifiers = 0b100_0000_0000_0000;
            let kept = oracle.reduce(*seed).kept;
            kept & oracle.amplifiers != 0 && oracle.rate(kept) >= 0.45
        });
        assert!(kept.count() >= 9);
    }

    #[test]
    fn a_false_alarm_is_stepped_back_from() {
        let sound = (0..10).filter(|seed| {
            let mut oracle = Oracle::new(0.9, *seed);
            oracle.false_alarms = 0.05;
            let kept = oracle.reduce(*seed).kept;
            kept & oracle.needed == oracle.needed
        });
        assert!(sound.count() >= 9);
    }

    #[test]
    fn the_end_of_the_runs_leaves_the_best_so_far() {
        for most_runs in 0..20 {
            let mut oracle = Oracle::new(1.0, 3);
            oracle.most_runs = most_runs;
            let reduced = oracle.reduce(3);
            assert!(!reduced.finished);
            assert_eq!(reduced.kept & oracle.needed, oracle.needed);
        }
    }
}
