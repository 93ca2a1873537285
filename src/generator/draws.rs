//! How single numbers are drawn.
//!
//! Bugs hide behind timeouts of 1, 5, 10, 30 and 60 s, and in windows of a few milliseconds. Of
//! outages drawn uniformly up to 45 s, only one in forty would be shorter than a second. So the
//! logarithm is drawn uniformly: a number between a and b is `exp(U(ln a, ln b))`, which makes 1 to
//! 10 ms as likely as 1 to 10 s.

use std::ops::RangeInclusive;

use proptest::prelude::*;

/// A position in a range on the logarithmic scale: 0 is its lower end, 1 its upper.
pub(super) fn place() -> RangeInclusive<f64> {
    0.0..=1.0
}

/// The number at a position in a range above 0.
pub(super) fn at(place: f64, least: f64, most: f64) -> f64 {
    let exponent = least.ln() + place * (most.ln() - least.ln());
    exponent.exp().clamp(least, most)
}

/// The whole number at a position in a range from 1 up.
pub(super) fn whole_at(place: f64, least: u64, most: u64) -> u64 {
    (at(place, least as f64, most as f64).round() as u64).clamp(least, most)
}

/// A whole number from a range from 1 up, log-uniformly.
pub(super) fn whole(range: &RangeInclusive<u64>) -> impl Strategy<Value = u64> + use<> {
    let (least, most) = (*range.start(), *range.end());
    place().prop_map(move |place| whole_at(place, least, most))
}

/// A count from a range from 1 up, log-uniformly.
pub(super) fn count(range: &RangeInclusive<u32>) -> impl Strategy<Value = u32> + use<> {
    let range = u64::from(*range.start())..=u64::from(*range.end());
    // A number between two `u32` is one, too.
    whole(&range).prop_map(|number| number as u32)
}

/// A rate from a range above 0, log-uniformly, to three digits.
pub(super) fn rate(range: &RangeInclusive<f64>) -> impl Strategy<Value = f64> + use<> {
    let (least, most) = (*range.start(), *range.end());
    place().prop_map(move |place| three_digits(at(place, least, most)).clamp(least, most))
}

/// A rate above 0, rounded to three digits for readability.
pub(super) fn three_digits(rate: f64) -> f64 {
    let scale = 10_f64.powi(2 - rate.log10().floor() as i32);
    (rate * scale).round() / scale
}

/// Zero with the given probability, else a whole number up to `most`, log-uniformly.
pub(super) fn zero_or_whole(zero: f64, most: u64) -> impl Strategy<Value = u64> + use<> {
    (prop::bool::weighted(zero), place()).prop_map(move |(zero, place)| match most {
        1.. if !zero => whole_at(place, 1, most),
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    fn sample<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
        let mut runner = TestRunner::deterministic();
        let mut draw = || strategy.new_tree(&mut runner).map(|tree| tree.current());
        (0..count).map(|_| draw().unwrap()).collect()
    }

    /// Each of the decades of 1 to 10 000 has a quarter of the draws; the tolerance is five
    /// standard deviations.
    #[test]
    fn every_decade_is_as_likely_as_the_next() {
        let drawn = sample(whole(&(1..=10_000)), 10_000);
        let mut decades = [0; 4];
        for number in drawn {
            decades[(f64::from(number as u32).log10() as usize).min(3)] += 1;
        }
        for count in decades {
            // Rounding moves the edges of the lowest decade by half a unit.
            assert!((2_250..=2_750).contains(&count), "{decades:?}");
        }
    }

    #[test]
    fn zero_has_its_own_share() {
        let drawn = sample(zero_or_whole(0.4, 1_000), 10_000);
        let zeros = drawn.iter().filter(|ms| **ms == 0).count();
        assert!((3_750..=4_250).contains(&zeros), "{zeros}");
        assert!(drawn.iter().all(|ms| *ms <= 1_000));
        assert!(sample(zero_or_whole(0.0, 0), 10).iter().all(|ms| *ms == 0));
    }

    proptest! {
        #[test]
        fn no_draw_leaves_its_range(place in place(), a in 1..u64::from(u32::MAX), b in 1..u64::from(u32::MAX)) {
            let (least, most) = (a.min(b), a.max(b));
            prop_assert!((least..=most).contains(&whole_at(place, least, most)));
        }
    }
}
