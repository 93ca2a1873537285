//! Whether the backends are there, as far as the load has to know.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Whether the backends are there. The executor keeps it current, from the direct probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// At least one backend is not ready.
    Away,
    /// All backends have been ready since then.
    ReadySince(Instant),
}

/// Returns when a job has had its time: the limit runs from the later of the job's acceptance and the
/// last moment that the backends became ready, and does not run while one is away.
pub(super) async fn job_limit(
    mut readiness: watch::Receiver<Readiness>,
    accepted: Instant,
    limit: Duration,
) {
    loop {
        let now = *readiness.borrow_and_update();
        let changed = match now {
            Readiness::Away => readiness.changed().await,
            Readiness::ReadySince(since) => {
                tokio::select! {
                    biased;
                    changed = readiness.changed() => changed,
                    () = sleep_until(since.max(accepted) + limit) => return,
                }
            }
        };
        if changed.is_err() {
            // Nobody tells any more. The job gets a whole limit from here rather than none, or for ever.
            return sleep_until(Instant::now() + limit).await;
        }
    }
}
