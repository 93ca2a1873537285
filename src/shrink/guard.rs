//! Whether a smaller plan fails often enough to be worth having.
//!
//! A sequential test of two hypotheses (Wald 1945, "Sequential tests of statistical hypotheses"): that the plan fails about as often as the
//! original one, and that it fails half as often or less. The original's rate is only known from runs, too: it is integrated out, so that
//! each hypothesis counts what it makes of the runs of both plans together. A plan that keeps failing needs no runs of the original:
//! no plan fails more than always, and so what fails half as often would have passed.

/// With this ratio of likelihoods a plan counts as failing too seldom.
const SELDOM: f64 = 100.0;

/// With this ratio of likelihoods a plan counts as failing often enough. It is wrongly said of about one plan in seven that fails exactly half
/// as often as the original, and of less than one in fifty that fails a third as often.
const OFTEN: f64 = 30.0;

/// After so many runs of the plan the likelier answer is given, but for a plan that is only a little likelier to fail too seldom.
const MOST_RUNS: u32 = 80;
const LITTLE: f64 = 10.0;

/// How a plan's rate is to the original's if that is good enough, with what each counts beforehand.
const GOOD: [(f64, f64); 2] = [(1.0, 0.6), (0.8, 0.4)];

/// The same if it is not: one step that made the failure frequent may be gone, or several, or the failure was another one.
const BAD: [(f64, f64); 4] = [(0.5, 0.5), (0.35, 0.25), (0.15, 0.15), (0.02, 0.1)];

/// Rates that are considered where the original's is not known; all count alike.
const RATES: [f64; 14] = [
    1.0, 0.95, 0.88, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.28, 0.2, 0.14, 0.08, 0.04,
];

/// How often a plan failed, and how often it passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// Runs that failed.
    pub failed: u32,
    /// Runs that did not.
    pub passed: u32,
}

impl Runs {
    /// Counts a run.
    pub fn count(&mut self, failed: bool) {
        match failed {
            true => self.failed += 1,
            false => self.passed += 1,
        }
    }

    /// All runs.
    pub fn all(self) -> u32 {
        self.failed + self.passed
    }

    fn likelihood(self, rate: f64) -> f64 {
        rate.powi(self.failed as i32) * (1.0 - rate).powi(self.passed as i32)
    }
}

/// A test under way.
#[derive(Debug, Clone, PartialEq)]
pub struct RateTest {
    /// Rates that the original may have, with what each counts.
    originals: Vec<(f64, f64)>,
    plan: Runs,
}

impl RateTest {
    /// A test against half of this rate, which is the original plan's.
    pub fn new(original: f64) -> Self {
        RateTest {
            originals: vec![(original, 1.0)],
            plan: Runs::default(),
        }
    }

    /// A test of a plan with these runs against half of the rate of an original plan with those.
    pub fn between(original: Runs, plan: Runs) -> Self {
        let counts = |rate| (rate, original.likelihood(rate));
        RateTest {
            originals: RATES.map(counts).to_vec(),
            plan,
        }
    }

    /// Counts a run.
    pub fn count(&mut self, failed: bool) {
        self.plan.count(failed);
    }

    /// Whether the plan fails often enough; none while that is open.
    pub fn is_often(&self) -> Option<bool> {
        self.is_often_in_spite_of(0)
    }

    /// The same where so many smaller plans were found to fail too seldom: each is a reason to doubt this one.
    pub fn is_often_in_spite_of(&self, vetoes: usize) -> Option<bool> {
        let often = OFTEN * (1 + vetoes) as f64;
        let (good, bad) = (self.likelihood(&GOOD), self.likelihood(&BAD));
        if bad >= SELDOM * good {
            Some(false)
        } else if good >= often * bad {
            Some(true)
        } else {
            (self.plan.all() >= MOST_RUNS).then_some(bad < LITTLE * good)
        }
    }

    fn likelihood(&self, shares: &[(f64, f64)]) -> f64 {
        let of = |(original, counts): &(f64, f64)| {
            let plan = |(share, prior): &(f64, f64)| prior * self.plan.likelihood(original * share);
            counts * shares.iter().map(plan).sum::<f64>()
        };
        self.originals.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of wrong answers about a plan of this rate, where the original's rate is 0.6 and known.
    fn wrong(true_rate: f64, expected: bool) -> f64 {
        let mut rng = fastrand::Rng::with_seed(7);
        let wrong = (0..2_000).filter(|_| {
            let mut test = RateTest::new(0.6);
            let often = loop {
                test.count(rng.f64() < true_rate);
                if let Some(often) = test.is_often() {
                    break often;
                }
            };
            often != expected
        });
        wrong.count() as f64 / 2_000.0
    }

    #[test]
    fn the_test_errs_as_seldom_as_it_says() {
        assert!(wrong(0.6, true) <= 0.01, "{}", wrong(0.6, true));
        assert!(wrong(0.3, false) <= 0.15, "{}", wrong(0.3, false));
        assert!(wrong(0.2, false) <= 0.02, "{}", wrong(0.2, false));
    }

    #[test]
    fn a_plan_that_keeps_failing_needs_no_runs_of_the_original() {
        let after = |failed| RateTest::between(Runs::default(), Runs { failed, passed: 0 });
        assert_eq!(after(1).is_often(), None);
        assert_eq!(after(6).is_often(), Some(true));
    }

    #[test]
    fn passes_say_nothing_while_the_original_is_unknown() {
        let plan = Runs {
            failed: 2,
            passed: 38,
        };
        let after = |original| RateTest::between(original, plan);
        assert_ne!(after(Runs::default()).is_often(), Some(false));
        let often = Runs {
            failed: 20,
            passed: 20,
        };
        assert_eq!(after(often).is_often(), Some(false));
    }
}
