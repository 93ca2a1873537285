//! What came of shrinking, once and on average.

use std::fmt;

use comeback::shrink::Places;

use super::oracle::Oracle;

/// What came of shrinking once.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    runs: u32,
    guard_runs: u32,
    steps: u32,
    exact: bool,
    keeps_half: bool,
    rate: f64,
}

impl Outcome {
    /// These steps were left; so many of the runs were the guard's.
    pub fn new(oracle: &Oracle, kept: Places, guard_runs: u32) -> Self {
        Outcome {
            runs: oracle.runs - guard_runs,
            guard_runs,
            steps: kept.count_ones(),
            exact: oracle.is_exact(kept),
            keeps_half: oracle.keeps_half(kept),
            rate: oracle.rate(kept),
        }
    }
}

/// The average of some outcomes.
#[derive(Debug, Clone, Copy)]
pub struct Average {
    /// Runs without the guard's.
    pub runs: f64,
    /// The guard's runs.
    pub guard_runs: f64,
    /// The most runs that one took, guard included.
    pub most_runs: u32,
    /// Steps left.
    pub steps: f64,
    /// The share that is minimal.
    pub exact: f64,
    /// The share that fails less than half as often as the whole plan.
    pub below_half: f64,
    /// How often what is left fails.
    pub rate: f64,
}

impl Average {
    /// Of these.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mean = |value: fn(&Outcome) -> f64| {
            outcomes.iter().map(value).sum::<f64>() / outcomes.len() as f64
        };
        let all_runs = outcomes.iter().map(|one| one.runs + one.guard_runs);
        Average {
            runs: mean(|one| f64::from(one.runs)),
            guard_runs: mean(|one| f64::from(one.guard_runs)),
            most_runs: all_runs.max().unwrap_or_default(),
            steps: mean(|one| f64::from(one.steps)),
            exact: mean(|one| f64::from(u8::from(one.exact))),
            below_half: mean(|one| f64::from(u8::from(!one.keeps_half))),
            rate: mean(|one| one.rate),
        }
    }
}

impl fmt::Display for Average {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.runs)?;
        if self.guard_runs > 0.0 {
            write!(f, " + {:.0}", self.guard_runs)?;
        }
        let (steps, exact, rate) = (self.steps, 100.0 * self.exact, self.rate);
        write!(f, " · {steps:.1} · {exact:.0} % · {rate:.2}")
    }
}
