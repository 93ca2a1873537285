//! What is believed of how often a failure shows.

use super::runs::Runs;

/// The rates considered, with what is believed of them beforehand: many failures show every time,
/// and the others at any rate.
pub const RATES: [(f64, f64); COUNT] = [
    (1.0, 0.45),
    (0.95, 0.03),
    (0.85, 0.05),
    (0.7, 0.08),
    (0.55, 0.08),
    (0.42, 0.08),
    (0.3, 0.08),
    (0.2, 0.07),
    (0.14, 0.05),
    (0.1, 0.04),
    (0.06, 0.03),
    (0.03, 0.01),
];
const COUNT: usize = 12;

/// From this expected rate on a failure is taken to show always.
const ALWAYS: f64 = 0.9;
const SURELY_ALWAYS: f64 = 0.98;

/// The greatest rate that a pass is weighed by.
const SUREST: f64 = 0.995;

/// A probability for each of the rates considered.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates([f64; COUNT]);

impl Rates {
    /// What is believed after these runs, of which those that passed did so without a reason.
    pub fn after(runs: Runs) -> Self {
        Rates(RATES.map(|(_, prior)| prior)).given(runs)
    }

    /// What is believed where each of these counts so much.
    pub fn mixed<'a>(parts: impl Iterator<Item = (f64, &'a Rates)>) -> Self {
        let mut mixed = Rates([0.0; COUNT]);
        for (counts, rates) in parts {
            for (sum, weight) in mixed.0.iter_mut().zip(rates.0) {
                *sum += counts * weight;
            }
        }
        mixed.normalize();
        mixed
    }

    /// Each rate with its probability.
    pub fn each(&self) -> impl Iterator<Item = (f64, f64)> {
        RATES.iter().map(|(rate, _)| *rate).zip(self.0)
    }

    /// The rate that is expected.
    pub fn mean(&self) -> f64 {
        self.each().map(|(rate, weight)| rate * weight).sum()
    }

    /// Whether the failure is believed to show always.
    pub fn is_always(&self) -> bool {
        self.mean() >= ALWAYS
    }

    /// Whether that is about as sure as six failures in a row make it.
    pub fn is_surely_always(&self) -> bool {
        self.mean() >= SURELY_ALWAYS
    }

    /// What is believed after these runs as well.
    pub fn given(&self, runs: Runs) -> Self {
        let mut given = self.clone();
        for (weight, (rate, _)) in given.0.iter_mut().zip(RATES) {
            *weight *= runs.likelihood(rate);
        }
        given.normalize();
        given
    }

    /// How likely it is that the failure hides in this many runs.
    pub fn hides(&self, runs: u32) -> f64 {
        let each = self.each();
        each.map(|(rate, weight)| weight * (1.0 - rate.min(SUREST)).powi(runs as i32))
            .sum()
    }

    /// A run of the plan failed, or passed.
    pub fn ran(&mut self, failed: bool) {
        match failed {
            true => self.weigh_failed(),
            false => self.weigh_passed(),
        }
        self.normalize();
    }

    /// Weighs each rate by how likely it makes a run to fail. What is left sums up to less than 1.
    pub fn weigh_failed(&mut self) {
        for (weight, (rate, _)) in self.0.iter_mut().zip(RATES) {
            *weight *= rate;
        }
    }

    /// The same for a run that passed. No failure is thought to show so surely that a single run
    /// would decide for ever.
    pub fn weigh_passed(&mut self) {
        for (weight, (rate, _)) in self.0.iter_mut().zip(RATES) {
            *weight *= 1.0 - rate.min(SUREST);
        }
    }

    /// Each probability multiplied by a factor.
    pub fn times(&self, factor: f64) -> Self {
        Rates(self.0.map(|weight| weight * factor))
    }

    /// The sum of the probabilities.
    pub fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    fn normalize(&mut self) {
        *self = self.times(1.0 / self.sum());
    }
}
