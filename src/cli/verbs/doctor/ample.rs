//! Which timeout or limit is long enough.

use std::time::Duration;

use crate::model::ceiling;

/// A timeout or limit is ample if it is this many times what was measured.
pub(super) const AMPLE: u32 = 3;

/// A duration that is fit to be written into a configuration.
pub(super) fn round_up(time: Duration) -> String {
    let time = match time.as_millis() as u64 {
        ms @ 0..1_000 => Duration::from_millis(ms.div_ceil(100) * 100),
        ms => Duration::from_secs(ms.div_ceil(1_000)),
    };
    ceiling::written(time)
}
