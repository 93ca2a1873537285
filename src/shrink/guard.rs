//! Whether a smaller plan fails often enough to be worth having.
//!
//! A sequential test of two hypotheses (Wald 1945, "Sequential tests of statistical hypotheses"):
//! that the plan fails about as often as the original one, and that it fails half as often or less.
//! The original's rate is only known from runs, too: it is integrated out, so that each hypothesis
//! counts what it makes of the runs of both plans together. A plan that keeps failing needs no runs
//! of the original: no plan fails more than always, and so what fails half as often would have
//! passed.

use super::rates::Rates;
use super::runs::Runs;

/// What is tested: two hypotheses of how a plan's rate is to the original's, and how sure the
/// answer has to be.
#[derive(Debug)]
struct Hypotheses {
    /// What it may be to the original's if that is good enough, with what each counts beforehand.
    good: &'static [(f64, f64)],
    /// The same if it is not.
    bad: &'static [(f64, f64)],
    /// With this ratio of likelihoods a plan counts as failing too seldom.
    seldom: f64,
    /// With this ratio of likelihoods a plan counts as failing often enough.
    often: f64,
    /// After this many runs of the plan, the likelier answer is given,
    most_runs: u32,
    /// but failing too seldom has to be likelier by this factor.
    little: f64,
}

/// A smaller plan is to fail more than half as often. Else one step that made the failure frequent
/// may be gone, or several, or the failure was another one. That is wrongly said of about one plan
/// in fourteen that fails exactly half as often as the original, and of less than one in fifty that
/// fails a third as often.
const HALF: Hypotheses = Hypotheses {
    good: &[(1.0, 0.6), (0.8, 0.4)],
    bad: &[(0.5, 0.5), (0.35, 0.25), (0.15, 0.15), (0.02, 0.1)],
    seldom: 100.0,
    often: 40.0,
    most_runs: 100,
    little: 4.0,
};

/// The same where only numbers are smaller: a number that is a little greater costs nothing, and so
/// it may be less sure.
const HALF_OF_NUMBERS: Hypotheses = Hypotheses {
    seldom: 20.0,
    often: 20.0,
    most_runs: 30,
    little: 1.0,
    ..HALF
};

/// A plan with smaller numbers of which nothing is gone is to fail always, where the original does:
/// that takes few runs to decide, and a number that is a little greater costs nothing.
const ALWAYS: Hypotheses = Hypotheses {
    good: &[(1.0, 0.7), (0.95, 0.3)],
    bad: &[(0.8, 0.3), (0.6, 0.3), (0.4, 0.2), (0.2, 0.1), (0.02, 0.1)],
    seldom: 20.0,
    often: 6.0,
    most_runs: 20,
    little: 1.0,
};

/// Rates that are considered where the original's is not known; all count alike.
const RATES: [f64; 14] = [
    1.0, 0.95, 0.88, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.28, 0.2, 0.14, 0.08, 0.04,
];

/// A plan's rate against the original's.
#[derive(Debug)]
pub struct RateTest {
    hypotheses: &'static Hypotheses,
    /// Rates that the original may have, with what each counts.
    originals: Vec<(f64, f64)>,
    plan: Runs,
}

impl RateTest {
    /// Whether a plan with these runs fails more than half as often as an original plan with those.
    pub fn of_steps(original: Runs, plan: Runs) -> Self {
        let counts = |rate| (rate, original.likelihood(rate));
        RateTest {
            hypotheses: &HALF,
            originals: RATES.map(counts).to_vec(),
            plan,
        }
    }

    /// Whether a plan with these runs, of which only numbers are smaller, fails often enough, where
    /// the original plan has one of these rates. If that one always fails, so has the plan to.
    pub fn of_numbers(rates: &Rates, plan: Runs) -> Self {
        RateTest {
            hypotheses: if rates.is_always() {
                &ALWAYS
            } else {
                &HALF_OF_NUMBERS
            },
            originals: rates.each().collect(),
            plan,
        }
    }

    /// Whether the plan fails often enough; none while that is open.
    pub fn is_often(&self) -> Option<bool> {
        self.is_often_in_spite_of(0)
    }

    /// The same where so many smaller plans were found to fail too seldom: each is a reason to
    /// doubt this one.
    pub fn is_often_in_spite_of(&self, vetoes: usize) -> Option<bool> {
        let Hypotheses {
            seldom,
            often,
            most_runs,
            little,
            ..
        } = self.hypotheses;
        let often = often * (1 + vetoes) as f64;
        let good = self.likelihood(self.hypotheses.good);
        let bad = self.likelihood(self.hypotheses.bad);
        if bad >= seldom * good {
            Some(false)
        } else if good >= often * bad {
            Some(true)
        } else {
            (self.plan.all() >= *most_runs).then_some(bad < little * good)
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

/// The last of the plans from `good` to `bad` that fails often enough. That one does and the other
/// does not; somewhere between them the rate fell.
pub async fn last_often(
    mut good: usize,
    mut bad: usize,
    mut is_often: impl AsyncFnMut(usize) -> Option<bool>,
) -> Option<usize> {
    while bad - good > 1 {
        let middle = (good + bad) / 2;
        match is_often(middle).await? {
            true => good = middle,
            false => bad = middle,
        }
    }
    Some(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of wrong answers of a test about a plan of this rate, and the mean of the runs.
    fn wrong(test: impl Fn(Runs) -> RateTest, true_rate: f64, expected: bool) -> (f64, f64) {
        let mut rng = fastrand::Rng::with_seed(7);
        let (mut wrong, mut runs) = (0, 0);
        for _ in 0..2_000 {
            let mut plan = Runs::default();
            let often = loop {
                plan.count(rng.f64() < true_rate);
                if let Some(often) = test(plan).is_often() {
                    break often;
                }
            };
            wrong += u32::from(often != expected);
            runs += plan.all();
        }
        (f64::from(wrong) / 2_000.0, f64::from(runs) / 2_000.0)
    }

    fn runs(failed: u32, passed: u32) -> Runs {
        Runs { failed, passed }
    }

    #[test]
    fn the_test_of_steps_errs_as_seldom_as_it_says() {
        let test = |plan| RateTest::of_steps(runs(300, 200), plan);
        let errs = |rate, expected| wrong(test, rate, expected).0;
        assert!(errs(0.6, true) <= 0.01, "{}", errs(0.6, true));
        assert!(errs(0.3, false) <= 0.15, "{}", errs(0.3, false));
        assert!(errs(0.2, false) <= 0.02, "{}", errs(0.2, false));
    }

    #[test]
    fn the_test_of_numbers_is_sooner_done() {
        let rates = Rates::after(runs(210, 90));
        let test = |plan| RateTest::of_numbers(&rates, plan);
        let errs = |rate, expected| wrong(test, rate, expected).0;
        assert!(errs(0.7, true) <= 0.03, "{}", errs(0.7, true));
        assert!(errs(0.35, false) <= 0.2, "{}", errs(0.35, false));
        assert!(errs(0.23, false) <= 0.03, "{}", errs(0.23, false));
        let (_, runs) = wrong(test, 0.5, true);
        assert!(runs <= 22.0, "{runs}");
    }

    #[test]
    fn what_always_fails_is_told_from_what_does_not_in_a_few_runs() {
        let rates = Rates::after(runs(10, 0));
        let test = |plan| RateTest::of_numbers(&rates, plan);
        assert_eq!(wrong(test, 1.0, true), (0.0, 5.0));
        let (errs, runs) = wrong(test, 0.5, false);
        assert!(errs <= 0.05 && runs <= 6.0, "{errs} {runs}");
    }

    #[test]
    fn a_plan_that_keeps_failing_needs_no_runs_of_the_original() {
        let after = |failed| RateTest::of_steps(Runs::default(), Runs { failed, passed: 0 });
        assert_eq!(after(1).is_often(), None);
        assert_eq!(after(6).is_often(), Some(true));
    }

    #[test]
    fn passes_say_nothing_while_the_original_is_unknown() {
        let plan = Runs {
            failed: 2,
            passed: 38,
        };
        let after = |original| RateTest::of_steps(original, plan);
        assert_ne!(after(Runs::default()).is_often(), Some(false));
        let often = Runs {
            failed: 20,
            passed: 20,
        };
        assert_eq!(after(often).is_often(), Some(false));
    }
}
