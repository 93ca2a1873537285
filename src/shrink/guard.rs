//! Whether a smaller plan fails often enough to be worth having.
//!
//! Wald's sequential probability ratio test (Wald 1945, "Sequential tests of statistical hypotheses"): the original plan's rate
//! against half of it, both a fifth lower, for the original's rate is itself only known from a few runs.

/// With this likelihood ratio a plan counts as failing too seldom: it is wrongly said of about one good plan in a hundred.
const SELDOM: f64 = 100.0;

/// With this likelihood ratio a plan counts as failing often enough: it is wrongly said of about one bad plan in fifty.
const OFTEN: f64 = 50.0;

/// The rates that are tested are lower than the original by this factor.
const LOWER: f64 = 0.8;

/// So many runs decide in any case: the likelier answer is given.
const MOST_RUNS: u32 = 80;

/// A test under way.
#[derive(Debug, Clone, PartialEq)]
pub struct RateTest {
    rate: f64,
    log_ratio: f64,
    runs: u32,
}

impl RateTest {
    /// A test against half of this rate, which is the original plan's.
    pub fn new(original: f64) -> Self {
        // A rate of exactly one could be refuted by a single pass.
        let rate = (LOWER * original).clamp(0.02, 0.95);
        RateTest {
            rate,
            log_ratio: 0.0,
            runs: 0,
        }
    }

    /// Counts a run.
    pub fn count(&mut self, failed: bool) {
        let half = self.rate / 2.0;
        let ratio = match failed {
            true => half / self.rate,
            false => (1.0 - half) / (1.0 - self.rate),
        };
        self.log_ratio += ratio.ln();
        self.runs += 1;
    }

    /// Whether the plan fails often enough; none while that is open.
    pub fn is_often(&self) -> Option<bool> {
        if self.log_ratio >= SELDOM.ln() {
            Some(false)
        } else if self.log_ratio <= -OFTEN.ln() {
            Some(true)
        } else {
            (self.runs >= MOST_RUNS).then_some(self.log_ratio < 0.0)
        }
    }
}

/// How often the original plan fails, found out by running it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OriginalRate {
    failed: u32,
    passed: u32,
}

impl OriginalRate {
    /// Counts a run.
    pub fn count(&mut self, failed: bool) {
        match failed {
            true => self.failed += 1,
            false => self.passed += 1,
        }
    }

    /// The rate, once it is known well enough: from five failures on if it never passed, else from fifteen, or from so many runs
    /// that more would cost too much.
    pub fn known(&self) -> Option<f64> {
        let always = self.passed == 0 && self.failed >= 5;
        let runs = self.failed + self.passed;
        let enough = always || self.failed >= 15 || runs >= 60;
        enough.then(|| f64::from(self.failed) / f64::from(runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(wrong(0.5, true) <= 0.01, "{}", wrong(0.5, true));
        assert!(wrong(0.24, false) <= 0.02, "{}", wrong(0.24, false));
    }
}
