//! When a failure shows so seldom that a campaign should look for others, too.

use crate::model::Reproduced;

/// Fewer than one in 4 executions of the smallest plan fail, after 8 that measured it.
const MEASURED: (u64, u64) = (4, 8);

/// Before that was measured: fewer than one in 8 executions of smaller plans fail, after 24. For a
/// failure that always shows, it is one in three.
const SO_FAR: (u64, u64) = (8, 24);

/// Whether a failure shows seldom, by the `measured` rate of its smallest plan, or else by the
/// executions of smaller plans `so_far`.
pub(super) fn is_seldom(measured: Reproduced, so_far: Reproduced) -> bool {
    let (counted, (one_in, after)) = match measured.runs >= MEASURED.1 {
        true => (measured, MEASURED),
        false => (so_far, SO_FAR),
    };
    counted.runs >= after && counted.failed * one_in < counted.runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seldom(measured: (u64, u64), so_far: (u64, u64)) -> bool {
        let count = |(failed, runs)| Reproduced { failed, runs };
        is_seldom(count(measured), count(so_far))
    }

    #[test]
    fn one_in_four_is_enough_to_work_with() {
        assert!(!seldom((2, 8), (0, 50)));
        assert!(seldom((1, 8), (25, 50)));
    }

    #[test]
    fn what_was_not_measured_is_told_by_smaller_plans() {
        assert!(!seldom((0, 0), (0, 23)));
        assert!(seldom((0, 7), (2, 24)));
        assert!(!seldom((0, 0), (3, 24)));
    }
}
