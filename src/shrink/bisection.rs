//! Where a number stops mattering: bisection by answers that may be wrong in one way.
//!
//! A value at or above the boundary fails with the reproduction rate, one below it never does. So a
//! failing run is proof, and a passing one is weighed by Bayes, for each boundary and each rate
//! that there may be. (Probabilistic bisection: Horstein 1963, "Sequential transmission using
//! noiseless feedback"; here with noise in one direction.)

use super::rates::Rates;

/// Beforehand a number does not matter at all with this probability.
const IDLE: f64 = 0.5;

/// It ends when the boundary lies so surely between ends that are [`Close`].
const SURE: f64 = 0.9;

/// The boundary of one number, while it is looked for.
#[derive(Debug, Clone)]
pub struct Bisection {
    /// The values that are considered, ascending; the last one is the present value, which failed.
    values: Vec<u64>,
    /// The probability that each of the values is the least that fails, with each rate.
    weights: Vec<Rates>,
    close: Close,
}

/// How near the two ends of a boundary have to be for it to count as found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Close {
    /// Their greatest ratio,
    pub ratio: f64,
    /// or their greatest difference.
    pub difference: u64,
}

/// What is known of a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// The greatest value of which it is fairly sure that it does not fail; none if the number does
    /// not matter.
    pub passes_at: Option<u64>,
    /// The least value that was seen to fail.
    pub fails_from: u64,
}

impl Bisection {
    /// A number that fails at `value` with one of these rates, and may be made smaller down to
    /// `least`.
    pub fn new(least: u64, value: u64, close: Close, rates: &Rates) -> Self {
        let values = round_numbers(least, value);
        let others = (values.len() - 1).max(1) as f64;
        let of = |place| match place {
            0 => rates.times(IDLE),
            _ => rates.times((1.0 - IDLE) / others),
        };
        Bisection {
            weights: (0..values.len()).map(of).collect(),
            values,
            close,
        }
    }

    /// The value to try next; none when the boundary is known well enough.
    pub fn next(&self) -> Option<u64> {
        let last = self.values.len() - 1;
        let Bracket { passes_at, .. } = self.bounds();
        let is_close = |passes: u64| {
            self.values[last] as f64 <= passes as f64 * self.close.ratio
                || self.values[last] <= passes + self.close.difference
        };
        let close = passes_at.is_some_and(is_close) || self.weight(last) >= SURE;
        if last == 0 || close {
            return None;
        }
        let mut below = 0.0;
        for place in 0..last {
            below += self.weight(place);
            // The least is worth a try of its own as long as it may well do.
            if below >= 0.5 || (place == 0 && below >= 0.3) {
                return Some(self.values[place]);
            }
        }
        Some(self.values[last - 1])
    }

    /// A value was seen to fail.
    pub fn failed(&mut self, value: u64) {
        let kept = self.values.partition_point(|known| *known <= value);
        self.values.truncate(kept);
        self.weights.truncate(kept);
        self.weights.iter_mut().for_each(Rates::weigh_failed);
        self.normalize();
    }

    /// A value passed.
    pub fn passed(&mut self, value: u64) {
        let kept = self.values.partition_point(|known| *known <= value);
        self.weights[..kept]
            .iter_mut()
            .for_each(Rates::weigh_passed);
        self.normalize();
    }

    /// What is known so far.
    pub fn bounds(&self) -> Bracket {
        let last = self.values.len() - 1;
        let mut below = 0.0;
        let mut passes_at = None;
        for place in 0..last {
            below += self.weight(place);
            if below > 1.0 - SURE {
                break;
            }
            passes_at = Some(self.values[place]);
        }
        Bracket {
            passes_at,
            fails_from: self.values[last],
        }
    }

    /// What the runs say about the rate.
    pub fn rates(&self) -> Rates {
        Rates::mixed(self.weights.iter().map(|rates| (1.0, rates)))
    }

    fn weight(&self, place: usize) -> f64 {
        self.weights[place].sum()
    }

    fn normalize(&mut self) {
        let total: f64 = self.weights.iter().map(Rates::sum).sum();
        for rates in &mut self.weights {
            *rates = rates.times(1.0 / total);
        }
    }
}

/// The numbers of at most two digits other than zero from `least` to `most`, and these two.
pub fn round_numbers(least: u64, most: u64) -> Vec<u64> {
    let mut numbers = vec![least];
    let mut scale = 1_u64;
    while scale <= most {
        let of_scale = (if scale == 1 { 1 } else { 10 }..100).map(|digits| digits * scale);
        numbers.extend(of_scale.filter(|number| (least + 1..most).contains(number)));
        scale = scale.saturating_mul(10);
    }
    numbers.push(most);
    numbers.dedup();
    numbers
}

/// The roundest number from `least` to `most`: that of the fewest digits other than zero, and of
/// several the smallest.
pub fn roundest(least: u64, most: u64) -> u64 {
    let mut scale = 1_u64;
    let mut best = least;
    while scale <= most {
        let rounded = least.div_ceil(scale) * scale;
        if rounded > most {
            break;
        }
        best = rounded;
        scale = scale.saturating_mul(10);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::runs::Runs;
    use super::*;

    fn close(difference: u64) -> Close {
        Close {
            ratio: 1.06,
            difference,
        }
    }

    fn after(failed: u32, passed: u32) -> Rates {
        Rates::after(Runs { failed, passed })
    }

    /// Looks for a boundary, and returns what was found and how many runs it took.
    fn find(boundary: u64, value: u64, rate: f64, seed: u64) -> (Bracket, u32) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let rates = after((200.0 * rate) as u32, (200.0 * (1.0 - rate)) as u32);
        let mut bisection = Bisection::new(0, value, close(0), &rates);
        let mut runs = 0;
        while let Some(tried) = bisection.next() {
            runs += 1;
            assert!(runs < 400, "it never ends");
            match tried >= boundary && rng.f64() < rate {
                true => bisection.failed(tried),
                false => bisection.passed(tried),
            }
        }
        (bisection.bounds(), runs)
    }

    #[test]
    fn what_does_not_matter_takes_one_run() {
        assert_eq!(
            find(0, 3_000, 1.0, 0),
            (
                Bracket {
                    passes_at: None,
                    fails_from: 0
                },
                1
            )
        );
    }

    #[test]
    fn a_boundary_is_found_to_two_digits() {
        for (boundary, value) in [(487, 3_000), (3, 900), (41, 41), (29_500, 45_000), (1, 2)] {
            let (bounds, runs) = find(boundary, value, 1.0, 0);
            let passes = bounds.passes_at.unwrap();
            assert!(passes < boundary && boundary <= bounds.fails_from);
            assert!(
                bounds.fails_from as f64 <= (passes + 1) as f64 * 1.11,
                "{bounds:?}"
            );
            assert!(runs <= 14, "{boundary}: {runs} runs");
        }
    }

    #[test]
    fn what_is_near_enough_is_not_looked_at_more_closely() {
        let mut bisection = Bisection::new(0, 16, close(2), &after(20, 0));
        let mut tried = Vec::new();
        while let Some(value) = bisection.next() {
            tried.push(value);
            match value >= 11 {
                true => bisection.failed(value),
                false => bisection.passed(value),
            }
        }
        assert_eq!(tried, [0, 8, 12, 10]);
        let bounds = bisection.bounds();
        assert_eq!((bounds.passes_at, bounds.fails_from), (Some(10), 12));
    }

    #[test]
    fn a_flaky_boundary_is_seldom_thought_too_high() {
        let wrong = (0..200).filter(|seed| {
            let (bounds, _) = find(300, 3_000, 0.42, *seed);
            assert!(bounds.fails_from >= 300);
            bounds.passes_at >= Some(300)
        });
        let wrong = wrong.count();
        assert!(wrong <= 30, "{wrong} of 200");
    }

    #[test]
    fn what_fails_again_and_again_is_believed_to_fail_always() {
        let mut bisection = Bisection::new(0, 16, close(0), &after(1, 0));
        assert_eq!(bisection.next(), Some(0));
        bisection.passed(0);
        let doubted = Bisection::new(0, 16, close(0), &after(1, 3));
        assert!(bisection.rates().mean() > doubted.rates().mean());
        for value in [8, 4, 2] {
            bisection.failed(value);
        }
        assert!(bisection.rates().is_always());
    }

    #[test]
    fn the_roundest_number_has_the_fewest_digits() {
        assert_eq!(roundest(487, 3_000), 1_000);
        assert_eq!(roundest(487, 900), 500);
        assert_eq!(roundest(41, 45), 41);
        assert_eq!(roundest(0, 45), 0);
    }

    #[test]
    fn round_numbers_are_few_and_ascend() {
        let numbers = round_numbers(1, 12_345);
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!((numbers[0], numbers[numbers.len() - 1]), (1, 12_345));
        assert!(numbers.len() < 310, "{}", numbers.len());
        assert_eq!(round_numbers(2, 2), [2]);
    }
}
