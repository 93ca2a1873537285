//! How often plans were seen to fail.

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

/// How often each of several plans was seen to fail.
#[derive(Debug)]
pub struct RunsOf<P>(Vec<(P, Runs)>);

impl<P> Default for RunsOf<P> {
    fn default() -> Self {
        RunsOf(Vec::new())
    }
}

impl<P: Clone + PartialEq> RunsOf<P> {
    /// How often this one was seen to fail.
    pub fn of(&self, plan: &P) -> Runs {
        let known = self.0.iter().find(|(known, _)| known == plan);
        known.map(|(_, runs)| *runs).unwrap_or_default()
    }

    /// Counts a run of it.
    pub fn count(&mut self, plan: &P, failed: bool) {
        let mut runs = self.of(plan);
        runs.count(failed);
        self.0.retain(|(known, _)| known != plan);
        self.0.push((plan.clone(), runs));
    }

    /// The runs of all of them.
    pub fn all(&self) -> u32 {
        self.0.iter().map(|(_, runs)| runs.all()).sum()
    }
}
