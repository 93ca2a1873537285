//! How a resource grew over the faults of a trial.

use crate::model::StepId;

/// One fault explains a growth if the others have at most this share of it.
const REST: f64 = 0.1;

/// How a resource grew from the baseline to the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Growth {
    /// By this much in all. When it grew is not known, or there was only one fault.
    InAll(f64),
    /// By this much in all, nearly all of it with the `nth` fault (from 0): no slope, and probably
    /// no leak.
    AtOnce { in_all: f64, nth: usize },
    /// By this much with each fault, and the standard error of that mean.
    Each { mean: f64, error: f64 },
}

impl Growth {
    /// From the levels at the baseline, after each fault but the last, and at the end. A level that
    /// was not measured is None.
    pub(super) fn of(levels: &[Option<u64>]) -> Option<Self> {
        let (first, last) = ((*levels.first()?)?, (*levels.last()?)?);
        let in_all = last as f64 - first as f64;
        let all: Option<Vec<u64>> = levels.iter().copied().collect();
        let Some(levels) = all.filter(|levels| levels.len() > 2) else {
            return Some(Growth::InAll(in_all));
        };
        let steps = levels
            .windows(2)
            .map(|pair| pair[1] as f64 - pair[0] as f64);
        let steps: Vec<f64> = steps.collect();
        let (place, largest) =
            steps
                .iter()
                .copied()
                .enumerate()
                .fold(
                    (0, f64::MIN),
                    |best, step| if step.1 > best.1 { step } else { best },
                );
        if in_all - largest <= REST * in_all {
            return Some(Growth::AtOnce { in_all, nth: place });
        }
        let count = steps.len() as f64;
        let mean = in_all / count;
        let squares: f64 = steps.iter().map(|step| (step - mean).powi(2)).sum();
        Some(Growth::Each {
            mean,
            error: (squares / (count - 1.0) / count).sqrt(),
        })
    }

    /// `+2.0 ± 0.3 per fault`. The faults are named by their steps, and `amount` formats a number
    /// with its sign and unit.
    pub(super) fn words(self, faults: &[&StepId], amount: impl Fn(f64) -> String) -> String {
        match self {
            Growth::InAll(in_all) => amount(in_all),
            Growth::AtOnce { in_all, nth } => match faults.get(nth) {
                Some(fault) => format!("{}, nearly all with {fault}", amount(in_all)),
                None => amount(in_all),
            },
            Growth::Each { mean, error } => {
                let error = amount(error);
                let error = error.trim_start_matches('+');
                format!("{} ± {error} per fault", amount(mean))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(levels: &[u64]) -> Growth {
        let levels: Vec<_> = levels.iter().copied().map(Some).collect();
        Growth::of(&levels).unwrap()
    }

    #[test]
    fn a_pool_that_fills_once_is_no_slope() {
        let filled = Growth::AtOnce {
            in_all: 60.0,
            nth: 0,
        };
        assert_eq!(growth(&[9, 67, 67, 69]), filled);
        assert_eq!(
            growth(&[9, 9, 9, 19]),
            Growth::AtOnce {
                in_all: 10.0,
                nth: 2
            }
        );
    }

    #[test]
    fn what_grows_with_each_fault_has_a_slope_and_its_error() {
        let Growth::Each { mean, error } = growth(&[9, 11, 12, 15]) else {
            panic!("no slope");
        };
        assert_eq!(mean, 2.0);
        assert!((error - 0.577).abs() < 0.001, "{error}");
        let words = growth(&[9, 11, 13, 15]).words(&[], |n| format!("{n:+.1}"));
        assert_eq!(words, "+2.0 ± 0.0 per fault");
    }

    #[test]
    fn one_fault_has_no_slope() {
        assert_eq!(growth(&[9, 12]), Growth::InAll(3.0));
        let unseen = Growth::of(&[Some(9), None, Some(12)]);
        assert_eq!(unseen, Some(Growth::InAll(3.0)));
        assert_eq!(Growth::of(&[None, Some(12)]), None);
    }
}
