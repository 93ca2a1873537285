//! Where a number begins to matter: a posterior over the boundary, by what passed and what failed.
//!
//! The model: a value fails with the plan's rate times a share that rises from 0 to 1 around the
//! boundary, either at once (a step) or over a width (a logistic curve in the logarithm of the
//! value). Rate and width are integrated out. What the search for a smaller number found is only a
//! hint, for the rest of the plan was another one then: half of the prior lies there.

use super::bisection::{Bracket, round_numbers};
use super::rates::Rates;

/// The boundary is said to lie in an interval that holds it with this probability.
pub const CONFIDENCE: f64 = 0.95;
const TAIL: f64 = (1.0 - CONFIDENCE) / 2.0;

/// Beforehand half lies where the hint says; without one, half says that the number does not
/// matter.
const HINTED: f64 = 0.5;

/// Widths of the curve, as a share of the boundary, and how likely each is beforehand. Most
/// boundaries are sharp; some times are blurred by when a process is scheduled.
const WIDTHS: [(f64, f64); 3] = [(0.0, 0.6), (0.05, 0.25), (0.25, 0.15)];

/// Nothing is impossible: this share of executions fails for another reason.
const ODD: f64 = 1e-3;
const SUREST: f64 = 0.995;

/// Passes in a row that the lower end needs, however sure one of them makes.
const LEAST_PASSES: usize = 2;

/// A failure may show within a range of values only. So before a boundary is reported, this many
/// parts below the interval, and this many above it, are tried as well as the least value.
const PARTS_BELOW: u64 = 3;
const PARTS_ABOVE: u64 = 2;

/// The interval is narrow enough when its ends are so near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Narrow {
    /// Their greatest ratio,
    pub ratio: f64,
    /// or their greatest difference.
    pub difference: u64,
}

/// What is known of one number's boundary.
#[derive(Debug, Clone)]
pub struct Threshold {
    /// The values that are considered, ascending, the last one being the plan's own.
    values: Vec<u64>,
    prior: Vec<f64>,
    rates: Rates,
    narrow: Narrow,
    hint: Option<u64>,
    tried: Vec<(u64, bool)>,
}

impl Threshold {
    /// A number that may be anything from `least` to the plan's own `value`, which fails with one
    /// of these rates.
    pub fn new(
        least: u64,
        value: u64,
        hint: Option<Bracket>,
        rates: &Rates,
        narrow: Narrow,
    ) -> Self {
        let mut values = round_numbers(least, value);
        let hint = hint.and_then(|hint| Some((hint.passes_at?, hint.fails_from.min(value))));
        let hint =
            hint.filter(|(passes_at, fails_from)| least <= *passes_at && passes_at < fails_from);
        values.extend(hint.into_iter().flat_map(|(passes, fails)| [passes, fails]));
        values.retain(|known| (least..=value).contains(known));
        values.sort_unstable();
        values.dedup();
        let is_hinted = |at: &u64| match hint {
            Some((passes_at, fails_from)) => (passes_at + 1..=fails_from).contains(at),
            None => *at == least,
        };
        let hinted = values.iter().filter(|at| is_hinted(at)).count();
        let hinted = HINTED / hinted.max(1) as f64;
        let evenly = (1.0 - HINTED) / values.len() as f64;
        let prior = |at: &u64| evenly + if is_hinted(at) { hinted } else { 0.0 };
        Threshold {
            prior: values.iter().map(prior).collect(),
            values,
            rates: rates.clone(),
            narrow,
            hint: hint.map(|(passes_at, _)| passes_at),
            tried: Vec::new(),
        }
    }

    /// Takes in an execution at a value.
    pub fn saw(&mut self, value: u64, failed: bool) {
        self.tried.push((value, failed));
    }

    /// The value to try next; none when enough is known, or when there is no boundary to be known.
    pub fn next(&self) -> Option<u64> {
        let last = self.values.len() - 1;
        if last == 0 || self.is_torn() {
            return None;
        }
        let least = self.values[0];
        let at_hint = self.hint.unwrap_or(least);
        let failed_there =
            |value: &u64| self.tried.iter().any(|(at, failed)| *failed && at <= value);
        if failed_there(&least) {
            return None;
        }
        if !failed_there(&at_hint) && self.passes_at(at_hint) < LEAST_PASSES {
            return Some(at_hint);
        }
        if let Some(Bracket {
            passes_at: Some(low),
            fails_from: high,
        }) = self.interval()
        {
            let is_narrow = high <= low + self.narrow.difference
                || high as f64 <= low as f64 * self.narrow.ratio;
            if self.passes_at(low) < LEAST_PASSES {
                return Some(low);
            }
            if is_narrow {
                return self
                    .not_seen_to_fail(low, high)
                    .or_else(|| self.beside_the_least(low))
                    .or_else(|| self.not_looked_at(least, low, PARTS_BELOW))
                    .or_else(|| self.not_looked_at(high + 1, self.values[last], PARTS_ABOVE));
            }
        }
        let posterior = self.posterior();
        let mut below = 0.0;
        let median = posterior.iter().position(|weight| {
            below += weight;
            below >= 0.5
        });
        let median = median.unwrap_or(last).min(last);
        let below = self.values[median.saturating_sub(1).min(last - 1)];
        // What has passed often enough there says no more by passing again.
        match self.passes_at(below) < LEAST_PASSES {
            true => Some(below),
            false => Some(self.values[median.min(last - 1)]),
        }
    }

    /// The interval in which the boundary lies with [`CONFIDENCE`]; none where the number may not
    /// matter at all, where a value passed above one that failed, or where too little was tried.
    pub fn interval(&self) -> Option<Bracket> {
        if self.is_torn() {
            return None;
        }
        let mut below = 0.0;
        let cumulated: Vec<f64> = self
            .posterior()
            .iter()
            .map(|weight| {
                below += weight;
                below
            })
            .collect();
        let surely_passes = cumulated.partition_point(|below| *below <= TAIL);
        let surely_fails = cumulated.partition_point(|below| *below < 1.0 - TAIL);
        let passes_at = self.values[surely_passes.checked_sub(1)?];
        Some(Bracket {
            passes_at: Some(passes_at),
            fails_from: self.values[surely_fails.min(self.values.len() - 1)],
        })
    }

    /// The upper end of an interval, where nothing was seen to fail inside of it.
    fn not_seen_to_fail(&self, low: u64, high: u64) -> Option<u64> {
        let failed = |(at, failed): &(u64, bool)| *failed && low < *at && *at <= high;
        (!self.tried.iter().any(failed)).then_some(high)
    }

    /// A value just above the least one, where none was tried between them: the least one itself
    /// may be special.
    fn beside_the_least(&self, low: u64) -> Option<u64> {
        let beside = self.values[0] + 1..self.values[0] + 1 + self.narrow.difference;
        let mut tried = self.tried.iter();
        let is_tried = beside.end > low || tried.any(|(at, _)| beside.contains(at));
        (!is_tried).then_some(beside.start + self.narrow.difference / 2)
    }

    /// The middle of the first of these equal parts between two values in which none was tried.
    fn not_looked_at(&self, from: u64, to: u64, parts: u64) -> Option<u64> {
        let width = to.saturating_sub(from);
        if width <= self.narrow.difference {
            return None;
        }
        let parts = parts.min(width);
        let edge = |nth: u64| from + width * nth / parts;
        let tried = |(low, high): &(u64, u64)| {
            let mut tried = self.tried.iter();
            tried.any(|(at, _)| (*low..*high).contains(at))
        };
        let mut parts = (0..parts).map(|nth| (edge(nth), edge(nth + 1)));
        parts
            .find(|part| !tried(part))
            .map(|(low, high)| low + (high - low) / 2)
    }

    /// Whether a value passed above one that failed.
    fn is_torn(&self) -> bool {
        let failed = self.tried.iter().filter(|(_, failed)| *failed);
        let least = failed.map(|(value, _)| *value).min();
        let mut passed = self.tried.iter().filter(|(_, failed)| !failed);
        least.is_some_and(|least| passed.any(|(value, _)| *value >= least))
    }

    /// How often a value passed, or one above it.
    fn passes_at(&self, value: u64) -> usize {
        let passed = self
            .tried
            .iter()
            .filter(|(at, failed)| !failed && *at >= value);
        passed.count()
    }

    fn posterior(&self) -> Vec<f64> {
        let likelihood = |boundary: u64| -> f64 {
            let of_width = WIDTHS.iter().map(|(width, prior)| {
                let of_rate = self.rates.each().map(|(rate, weight)| {
                    let runs = self.tried.iter().map(|(value, failed)| {
                        let fails = rate.min(SUREST) * share(*value, boundary, *width);
                        let fails = fails.max(ODD);
                        if *failed { fails } else { 1.0 - fails }
                    });
                    weight * runs.product::<f64>()
                });
                prior * of_rate.sum::<f64>()
            });
            of_width.sum()
        };
        let weights = self.values.iter().zip(&self.prior);
        let weights: Vec<f64> = weights
            .map(|(boundary, prior)| prior * likelihood(*boundary))
            .collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }
}

/// How much of the plan's rate a value has. The boundary is the least value that has half of it or
/// more.
fn share(value: u64, boundary: u64, width: f64) -> f64 {
    if width == 0.0 {
        return f64::from(u8::from(value >= boundary));
    }
    let half = boundary as f64 - 0.5;
    let distance = ((value as f64 + 1.0) / (half + 1.0)).ln();
    1.0 / (1.0 + (-distance / width).exp())
}

#[cfg(test)]
mod tests {
    use super::super::runs::Runs;
    use super::*;

    const NARROW: Narrow = Narrow {
        ratio: 1.5,
        difference: 4,
    };

    fn always() -> Rates {
        Rates::after(Runs {
            failed: 8,
            passed: 0,
        })
    }

    fn hint(passes_at: u64, fails_from: u64) -> Option<Bracket> {
        Some(Bracket {
            passes_at: Some(passes_at),
            fails_from,
        })
    }

    /// Looks for a boundary in at most twelve executions, and returns what is said of it and how
    /// many there were.
    fn find(
        value: u64,
        hint: Option<Bracket>,
        mut fails: impl FnMut(u64) -> bool,
    ) -> (Option<Bracket>, u32) {
        let mut threshold = Threshold::new(0, value, hint, &always(), NARROW);
        threshold.saw(value, true);
        let mut runs = 0;
        while let Some(next) = threshold.next().filter(|_| runs < 12) {
            runs += 1;
            threshold.saw(next, fails(next));
        }
        (threshold.interval(), runs)
    }

    #[test]
    fn a_good_hint_takes_few_executions() {
        let (interval, runs) = find(120, hint(90, 100), |value| value >= 97);
        // Two at its lower end, one at its upper end, one in each third below, and one in each half
        // above.
        assert!(runs <= 8, "{runs}");
        let Some(Bracket {
            passes_at,
            fails_from,
        }) = interval
        else {
            panic!("there is a boundary");
        };
        assert_eq!(passes_at, Some(90));
        assert!((97..=120).contains(&fails_from), "{fails_from}");
    }

    #[test]
    fn a_hint_that_is_wrong_is_found_out() {
        let (interval, runs) = find(120, hint(90, 100), |value| value >= 30);
        let found = interval.expect("there is a boundary");
        assert!(
            found.passes_at < Some(30) && found.fails_from >= 30,
            "{found:?}"
        );
        assert!(runs <= 12);
    }

    #[test]
    fn what_does_not_matter_has_no_boundary() {
        assert_eq!(find(120, None, |_| true), (None, 1));
    }

    #[test]
    fn a_range_of_values_that_fail_has_no_boundary() {
        let below = |value: u64| (3..=40).contains(&value) || value >= 97;
        let above = |value: u64| (97..=150).contains(&value) || value >= 290;
        for fails in [&below as &dyn Fn(u64) -> bool, &above] {
            assert_eq!(find(300, hint(90, 100), fails).0, None);
        }
    }

    #[test]
    fn there_is_no_boundary_where_passes_lie_on_both_sides() {
        let mut threshold = Threshold::new(0, 16, hint(13, 15), &always(), NARROW);
        for (value, failed) in [(13, false), (13, false), (15, true), (16, false)] {
            threshold.saw(value, failed);
        }
        assert_eq!((threshold.interval(), threshold.next()), (None, None));
    }

    /// Sharp boundaries and blurred ones, with hints that are right, beside it, and missing.
    #[test]
    fn the_interval_holds_the_boundary_as_often_as_it_says() {
        let mut rng = fastrand::Rng::with_seed(5);
        let (mut said, mut right) = (0, 0);
        for nth in 0..1_000 {
            let boundary = rng.u64(2..900);
            let value = boundary + boundary / 5 + 4;
            let width = [0.0, 0.0, 0.05][nth % 3];
            let off = 1.0 + [0.0, 0.0, 0.1, -0.3][nth % 4];
            let hinted = (boundary as f64 * off) as u64;
            let hint = hint(
                hinted.saturating_sub(2).min(value - 1),
                (hinted + 1).min(value),
            );
            let (interval, _) = find(value, hint, |value| {
                rng.f64() < 0.995 * share(value, boundary, width)
            });
            if let Some(found) = interval {
                said += 1;
                let holds = found.passes_at < Some(boundary) && boundary <= found.fails_from;
                right += u32::from(holds);
            }
        }
        assert!(said >= 700, "{said}");
        let share = f64::from(right) / f64::from(said);
        assert!(share >= 0.93, "{right} of {said}");
    }
}
