//! How long to pause between two checks while waiting for something.

use std::time::Duration;

/// The shortest pause. tokio's timer rounds up to whole milliseconds anyway.
const SHORTEST: Duration = Duration::from_millis(2);

/// The pause after a check that took `check`, when the wait has lasted for `waited`.
///
/// It is a quarter of the wait so far, so that a quick start is seen at once and a slow one costs
/// few checks. It is at least as long as the check, so that an expensive check does not keep what
/// it checks busy all the time. It is never longer than `longest`.
pub fn pause(waited: Duration, check: Duration, longest: Duration) -> Duration {
    (waited / 4).max(check).max(SHORTEST).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_pause_grows_with_the_wait_and_the_check_within_bounds() {
        let most = ms(500);
        assert_eq!(pause(ms(0), ms(0), most), SHORTEST);
        assert_eq!(pause(ms(100), ms(1), most), ms(25));
        assert_eq!(pause(ms(100), ms(80), most), ms(80));
        assert_eq!(pause(ms(60_000), ms(1), most), most);
        assert_eq!(pause(ms(100), ms(1), ms(1)), ms(1));
    }
}
