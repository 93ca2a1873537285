//! Runs of a plan until it fails, for shrinkers that believe what one run says.

use std::collections::HashSet;

use comeback::shrink::Places;

use super::oracle::Oracle;

/// A plan that fails is taken for one that passes less often than this.
const WRONGLY_PASSED: f64 = 0.02;

/// A failure that is asked for several times. The true rate is known here.
pub struct Retried {
    /// The failure.
    pub oracle: Oracle,
    tries: u32,
    passed: HashSet<Places>,
}

impl Retried {
    /// Each plan is run once.
    pub fn bare(oracle: Oracle) -> Self {
        Retried {
            oracle,
            tries: 1,
            passed: HashSet::new(),
        }
    }

    /// Each plan is run as often as its true rate demands.
    pub fn new(oracle: Oracle) -> Self {
        let passes = 1.0 - oracle.original_rate();
        let tries = match passes > 0.0 {
            true => (WRONGLY_PASSED.ln() / passes.ln()).ceil() as u32,
            false => 1,
        };
        Retried {
            tries,
            ..Retried::bare(oracle)
        }
    }

    /// Whether a plan with only these steps fails in one of the runs. What passed once in all of them is not run again.
    pub fn fails(&mut self, kept: Places) -> bool {
        if self.passed.contains(&kept) {
            return false;
        }
        let failed = (0..self.tries).any(|_| self.oracle.fails(kept));
        if !failed {
            self.passed.insert(kept);
        }
        failed
    }
}
