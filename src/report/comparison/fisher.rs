//! Fisher's exact test.

/// The two-sided p-value of two runs, each with how many trials failed and how many did not: the
/// sum of the probabilities of all tables with the same margins that are at most as likely (Fisher
/// 1935, "The Design of Experiments").
pub fn two_sided(a: (u64, u64), b: (u64, u64)) -> f64 {
    let (of_a, of_b, failed) = (a.0 + a.1, b.0 + b.1, a.0 + b.0);
    let logs = log_factorials(of_a + of_b);
    let choose = |n: u64, k: u64| logs[n as usize] - logs[k as usize] - logs[(n - k) as usize];
    let probability = |in_a: u64| {
        let log = choose(of_a, in_a) + choose(of_b, failed - in_a) - choose(of_a + of_b, failed);
        log.exp()
    };
    let seen = probability(a.0);
    let possible = failed.saturating_sub(of_b)..=failed.min(of_a);
    // Allow for rounding among equally likely tables.
    let extreme = possible
        .map(probability)
        .filter(|p| *p <= seen * (1.0 + 1e-7));
    extreme.sum::<f64>().min(1.0)
}

fn log_factorials(most: u64) -> Vec<f64> {
    let mut logs = vec![0.0];
    for n in 1..=most {
        logs.push(logs[n as usize - 1] + (n as f64).ln());
    }
    logs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_is_that_of_other_implementations() {
        // The reference values are those of R's fisher.test.
        for (a, b, p) in [
            ((3, 1), (1, 3), 0.485_714),
            ((8, 2), (1, 5), 0.034_965),
            ((0, 10), (0, 20), 1.0),
            ((10, 0), (0, 10), 1.082_509e-5),
        ] {
            let found = two_sided(a, b);
            assert!((found - p).abs() < 1e-6, "{a:?} {b:?}: {found}");
            assert!((two_sided(b, a) - found).abs() < 1e-9);
        }
    }
}
