//! Waiting for a moment that may be now.

use tokio::time::{Instant, sleep_until};

/// Waits until a moment, and not at all for one that has come. tokio's timer rounds up to the next
/// whole millisecond even then.
pub async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_moment_that_has_come_is_not_waited_for() {
        let now = Instant::now();
        assert_eq!(wait_until(now).now_or_never(), Some(()));
        wait_until(now + Duration::from_millis(5)).await;
        assert_eq!(now.elapsed(), Duration::from_millis(5));
        assert_eq!(wait_until(now).now_or_never(), Some(()));
    }
}
