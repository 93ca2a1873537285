//! How often a plan was seen to fail.

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

    /// How likely they are at a rate.
    pub fn likelihood(self, rate: f64) -> f64 {
        rate.powi(self.failed as i32) * (1.0 - rate).powi(self.passed as i32)
    }
}
