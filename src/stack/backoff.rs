//! How long to pause between two looks at something that is awaited.

use std::time::Duration;

/// The shortest pause. tokio's timer rounds up to whole milliseconds anyway.
const LEAST: Duration = Duration::from_millis(2);

/// The pause after a look that took `look`, once `waited` has passed since the wait began; at most
/// `most`.
///
/// It is a quarter of the wait so far, so that the end of a wait is seen a quarter too late at
/// most, however long it takes. It is no shorter than the look itself, so that looking keeps what
/// is looked at busy for half of the time at most.
pub fn pause(waited: Duration, look: Duration, most: Duration) -> Duration {
    (waited / 4).max(look).max(LEAST).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_pause_grows_with_the_wait_and_the_look_and_has_ends() {
        let most = ms(500);
        assert_eq!(pause(ms(0), ms(0), most), LEAST);
        assert_eq!(pause(ms(100), ms(1), most), ms(25));
        assert_eq!(pause(ms(100), ms(80), most), ms(80));
        assert_eq!(pause(ms(60_000), ms(1), most), most);
        assert_eq!(pause(ms(100), ms(1), ms(1)), ms(1));
    }
}
