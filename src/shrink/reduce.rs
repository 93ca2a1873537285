//! Leaving out steps.

mod looks;

use std::collections::HashMap;

use super::belief::Belief;
use super::choice::choose;
use super::places::{Places, all};
use super::rates::Rates;
use super::runs::Runs;
use super::trials::{Purpose, Trials};

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

/// What is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduced {
    /// The steps.
    pub kept: Places,
    /// How sure it is of each place that its step is needed, from 0 to 1.
    pub needed: Vec<f64>,
    /// Those without which it still fails, but too seldom, as the guard found.
    pub rarer: Places,
    /// How often they are believed to fail.
    pub rates: Rates,
    /// Whether each of them is believed to be needed; otherwise the runs were used up.
    pub finished: bool,
}

/// Leaves out as many steps as it can. `log_odds` are those of [`Belief::new`].
pub async fn reduce(log_odds: Vec<f64>, seed: u64, trials: &mut impl Trials) -> Reduced {
    let mut reduction = Reduction::new(log_odds, seed);
    let finished = reduction.run(trials, Look::AtTheEndToo).await.is_some();
    reduction.reduced(finished)
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
    belief: Belief,
    log_odds: Vec<f64>,
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
    guarded: HashMap<Places, Runs>,
    /// The last plan that fails often enough, as the guard found.
    checked: Option<Places>,
    runs: u32,
    /// Whether the failure has shown again.
    is_shown: bool,
}

impl Reduction {
    /// Before anything is left out. `log_odds` are those of [`Belief::new`].
    pub fn new(log_odds: Vec<f64>, seed: u64) -> Self {
        let first = all(log_odds.len());
        Reduction {
            belief: Belief::new(log_odds.clone(), seed),
            log_odds,
            seed,
            accepted: vec![first],
            passed: Vec::new(),
            vetoed: Vec::new(),
            suspects: 0,
            doubts: 0,
            guarded: HashMap::new(),
            checked: None,
            runs: 0,
            is_shown: false,
        }
    }

    /// What is left so far; `finished` says whether it ran to its end.
    pub fn reduced(&self, finished: bool) -> Reduced {
        let belief = &self.belief;
        let places = 0..self.log_odds.len();
        Reduced {
            kept: belief.left(),
            needed: places.map(|place| belief.needed(place)).collect(),
            rarer: self.rarer(),
            rates: belief.how_often(),
            finished,
        }
    }

    fn rarer(&self) -> Places {
        let gone = looks::left_out(self.current(), &self.vetoed);
        let alone = gone.filter(|gone| gone.count_ones() == 1);
        alone.fold(0, |rarer, step| rarer | step)
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
    pub async fn run(&mut self, trials: &mut impl Trials, look: Look) -> Option<()> {
        loop {
            if self.runs >= MOST_RUNS && !self.is_checked() {
                self.check(trials).await?;
            }
            if self.runs >= MOST_RUNS {
                return Some(());
            }
            let sure = self.belief.surely_all();
            if !self.is_shown && self.runs >= DOUBTED_AFTER {
                if !self.shows_again(trials).await? {
                    return Some(());
                }
                continue;
            }
            let always = self.belief.how_often().is_always();
            let enough = if always { CHECK_OF_ALWAYS } else { FIRST_CHECK };
            let looks = !always || look == Look::AtTheEndToo;
            let due = sure >= SURE || (self.checked.is_none() && sure >= enough);
            if looks && due && !self.is_checked() {
                self.check(trials).await?;
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
            } else if !self.fails(kept, Purpose::Shrink, trials).await? {
                self.passed.push(kept);
                self.belief.passed_without(removed);
            } else if removed & self.suspects != 0 && !self.is_often(kept, trials).await? {
                self.vetoed.push(kept);
                self.belief.vetoed_without(removed);
                // If the present plan is itself one that fails too seldom, all that are smaller
                // will be found to.
                self.doubts += 1;
                self.check(trials).await?;
            } else {
                let guarded = removed & self.suspects != 0;
                self.accept(kept, trials);
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
        trials: &mut impl Trials,
    ) -> Option<bool> {
        self.runs += 1;
        let failed = trials.fails(kept, purpose).await?;
        self.is_shown |= failed;
        Some(failed)
    }

    fn accept(&mut self, kept: Places, trials: &mut impl Trials) {
        self.belief.failed_without(self.current() & !kept);
        self.doubts = 0;
        self.accepted.push(kept);
        trials.best(kept, &self.belief);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::super::bits;
    use super::*;

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
            let reduced = reduce(vec![0.0; 30], seed, self).now_or_never();
            reduced.expect("nothing here waits")
        }
    }

    impl Trials for Oracle {
        async fn fails(&mut self, kept: Places, purpose: Purpose) -> Option<bool> {
            self.runs += 1;
            self.guard_runs += u32::from(purpose == Purpose::Guard);
            (self.runs <= self.most_runs).then(|| self.rng.f64() < self.rate(kept))
        }

        fn best(&mut self, _kept: Places, _belief: &Belief) {}
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
            let needed = bits(reduced.kept).map(|place| reduced.needed[place as usize]);
            needed.for_each(|sure| assert!(sure > 0.97, "{sure}"));
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
