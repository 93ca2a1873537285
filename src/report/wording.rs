//! How every report speaks of numbers.

use std::time::Duration;

use crate::model::{RecoveryRow, duration, duration_us};

/// How long a campaign took, in whole seconds.
pub(super) fn took(elapsed_ms: u64) -> String {
    duration(Duration::from_secs(elapsed_ms.div_ceil(1_000)))
}

/// A measured number of milliseconds.
pub(super) fn milliseconds(ms: f64) -> String {
    duration_us((ms * 1_000.0).round() as u64)
}

/// The median and the longest time of a recovery. A lower bound is marked as such.
pub(super) fn recovery_times(row: &RecoveryRow) -> [String; 2] {
    [
        (row.p50_at_least, row.p50_ms),
        (row.max_at_least, row.max_ms),
    ]
    .map(|(at_least, ms)| {
        let mark = if at_least { "≥ " } else { "" };
        format!("{mark}{}", milliseconds(ms))
    })
}
