//! How often a failure occurred, and what that says about the next executions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often a failure occurred, in how many executions of its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reproduced {
    /// Executions in which it occurred.
    pub failed: u64,
    /// All executions except inconclusive ones.
    pub runs: u64,
}

impl Reproduced {
    /// The upper bound of [`Reproduced::runs_for`].
    const MOST_RUNS: u64 = 1_000_000;

    /// A single run does not measure a rate: old traces count the execution by which the plan was
    /// chosen, which always failed.
    const LEAST_RUNS: u64 = 2;

    /// Counts an execution that was not inconclusive.
    pub fn count(&mut self, failed: bool) {
        self.runs += 1;
        self.failed += u64::from(failed);
    }

    /// Whether the rate was measured at all.
    pub fn is_measured(self) -> bool {
        self.runs >= Self::LEAST_RUNS
    }

    /// The Wilson score interval of the rate at 95 % confidence, without continuity correction
    /// (Wilson 1927, "Probable inference, the law of succession, and statistical inference"). From
    /// 0 to 1 if nothing was run.
    pub fn interval(self) -> (f64, f64) {
        if self.runs == 0 {
            return (0.0, 1.0);
        }
        const Z: f64 = 1.959_964;
        let (n, k) = (self.runs as f64, self.failed as f64);
        let rate = k / n;
        let denominator = 1.0 + Z * Z / n;
        let center = (rate + Z * Z / (2.0 * n)) / denominator;
        let half = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt() / denominator;
        ((center - half).max(0.0), (center + half).min(1.0))
    }

    /// The probability that the failure occurs at least once in `passes` more executions, if it is
    /// not fixed.
    ///
    /// With a known rate p this would be 1 - (1-p)^n. The rate is not known, so this is the average
    /// over all rates: the predictive distribution of a binomial rate with a uniform prior (the
    /// beta-binomial; Gelman et al., "Bayesian Data Analysis", section 2.4). After k failures in m
    /// runs the rate has the distribution Beta(k+1, m-k+1). With a = k+1 and b = m-k+1, the
    /// expected value of (1-p)^n is the product of (b+i)/(a+b+i) for i from 0 to n-1.
    ///
    /// Inserting the mean rate would promise too much, since the average of (1-p)^n is greater.
    /// Wilson's lower bound would ask for several times as many executions when little is known (82
    /// instead of 19 after 1 of 5).
    pub fn shows_within(self, passes: u64) -> f64 {
        1.0 - self.hides().take(passes as usize).last().unwrap_or(1.0)
    }

    /// How many executions in a row must pass until the failure would have occurred with at least
    /// this probability (below 1), if it is not fixed. None if that is more than a million.
    pub fn runs_for(self, confidence: f64) -> Option<u64> {
        let enough = self.hides().position(|hides| 1.0 - hides >= confidence);
        enough.map(|place| place as u64 + 1)
    }

    /// The probability that it occurs in none of the next 1, 2, 3, … executions.
    fn hides(self) -> impl Iterator<Item = f64> {
        let showed = self.failed as f64 + 1.0;
        let passed = self.runs.saturating_sub(self.failed) as f64 + 1.0;
        (0..Self::MOST_RUNS).scan(1.0, move |hides, more| {
            *hides *= (passed + more as f64) / (showed + passed + more as f64);
            Some(*hides)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needed(failed: u64, runs: u64) -> Option<u64> {
        Reproduced { failed, runs }.runs_for(0.95)
    }

    /// What a known rate would need.
    fn of_known_rate(rate: f64, confidence: f64) -> u64 {
        ((1.0 - confidence).ln() / (1.0 - rate).ln()).ceil() as u64
    }

    #[test]
    fn the_interval_is_wilsons() {
        // The reference values are those of statsmodels' proportion_confint(4, 5, method="wilson").
        let (low, high) = Reproduced { failed: 4, runs: 5 }.interval();
        assert!(
            (low - 0.3755).abs() < 1e-3 && (high - 0.9638).abs() < 1e-3,
            "{low} {high}"
        );
        assert_eq!(Reproduced { failed: 0, runs: 0 }.interval(), (0.0, 1.0));
    }

    #[test]
    fn a_rate_that_is_well_known_needs_what_a_known_one_does() {
        let many = 100_000;
        assert_eq!(needed(many, many), Some(1));
        assert_eq!(needed(many / 2, many), Some(of_known_rate(0.5, 0.95)));
        assert_eq!(needed(many / 5, many), Some(of_known_rate(0.2, 0.95)));
        assert_eq!(of_known_rate(0.5, 0.95), 5);
        assert_eq!(of_known_rate(0.2, 0.95), 14);
    }

    /// By hand: after 1 of 1, 2 / ((n+1)(n+2)) has to come down to 0.05; after 5 of 5, 1 / C(n+6,
    /// 6).
    #[test]
    fn little_knowledge_needs_more() {
        assert_eq!(needed(1, 1), Some(5));
        assert_eq!(needed(5, 5), Some(2));
        assert_eq!(needed(4, 5), Some(3));
        assert_eq!(needed(5, 10), Some(6));
        assert_eq!(needed(4, 20), Some(16));
        let once = Reproduced { failed: 1, runs: 1 };
        assert!((once.shows_within(5) - (1.0 - 2.0 / 42.0)).abs() < 1e-12);
        assert_eq!(once.shows_within(0), 0.0);
    }

    #[test]
    fn what_never_showed_asks_for_more_than_anybody_runs() {
        assert_eq!(needed(0, 10), Some(209));
        assert_eq!(needed(0, u64::MAX), None);
        assert_eq!(needed(u64::MAX, 1), Some(1));
    }

    proptest! {
        /// It is the least number that suffices.
        #[test]
        fn so_many_suffice_and_one_less_does_not(
            failed in 1u64..30, passed in 0u64..30, confidence in 0.5f64..0.999,
        ) {
            let rate = Reproduced { failed, runs: failed + passed };
            let needed = rate.runs_for(confidence).unwrap();
            prop_assert!(rate.shows_within(needed) >= confidence);
            prop_assert!(rate.shows_within(needed - 1) < confidence);
        }

        /// Not knowing the rate never saves executions.
        #[test]
        fn an_estimated_rate_needs_no_less_than_its_mean(
            failed in 1u64..30, passed in 0u64..30, confidence in 0.5f64..0.999,
        ) {
            let runs = failed + passed;
            let mean = (failed as f64 + 1.0) / (runs as f64 + 2.0);
            let needed = Reproduced { failed, runs }.runs_for(confidence).unwrap();
            prop_assert!(needed >= of_known_rate(mean, confidence));
        }

        /// A failure that showed more often needs fewer passes, and more confidence needs more.
        #[test]
        fn it_is_monotonous(failed in 1u64..30, passed in 0u64..30, confidence in 0.5f64..0.99) {
            let runs = failed + passed;
            let needed = |failed, confidence| Reproduced { failed, runs }.runs_for(confidence);
            prop_assert!(needed(failed, confidence) <= needed(failed - 1, confidence));
            prop_assert!(needed(failed, confidence) <= needed(failed, confidence + 0.009));
        }
    }
}
