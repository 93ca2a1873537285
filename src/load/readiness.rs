//! The readiness of the backends, on which the limit of a job depends.

use std::time::Duration;

use tokio::time::Instant;

use crate::trace::Recorder;
use crate::watched;

/// Whether all backends are ready. The executor updates it from the direct probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// At least one backend is not ready.
    Away,
    /// All backends have been ready since this moment.
    ReadySince(Instant),
}

/// Returns when a job's limit has passed. The limit starts at the job's acceptance or when the
/// backends last became ready, whichever is later. It does not run while a backend is away, or
/// while this machine does not let the harness run.
pub(super) async fn job_limit(
    mut readiness: watched::Receiver<Readiness>,
    accepted: Instant,
    limit: Duration,
    recorder: &Recorder,
) {
    loop {
        let now = *readiness.borrow_and_update();
        let changed = match now {
            Readiness::Away => readiness.changed().await,
            Readiness::ReadySince(since) => {
                tokio::select! {
                    biased;
                    changed = readiness.changed() => changed,
                    () = recorder.pass(since.max(accepted), limit) => return,
                }
            }
        };
        if changed.is_err() {
            // No more updates will come. The job gets one whole limit from now on.
            return recorder.pass(Instant::now(), limit).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;
    use crate::trace::Redaction;

    const LIMIT: Duration = Duration::from_secs(10);

    fn recorder() -> Recorder {
        Recorder::new(None, Redaction::default(), u64::MAX)
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// After how many seconds a job's limit has passed if the backend goes away and comes back at
    /// these seconds.
    async fn runs_out(away: Option<u64>, back: Option<u64>) -> u64 {
        let (accepted, recorder) = (Instant::now(), recorder());
        let sender = watched::Sender::new(Readiness::ReadySince(accepted - seconds(100)));
        let receiver = sender.subscribe();
        let backend = async {
            if let Some(at) = away {
                sleep(seconds(at)).await;
                sender.send_replace(Readiness::Away);
            }
            if let Some(at) = back {
                sleep(seconds(at) - accepted.elapsed()).await;
                sender.send_replace(Readiness::ReadySince(Instant::now()));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = backend => 0,
            () = job_limit(receiver, accepted, LIMIT, &recorder) => accepted.elapsed().as_secs(),
            () = sleep(seconds(1000)) => 1000,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_runs_from_the_later_of_acceptance_and_readiness() {
        assert_eq!(runs_out(None, None).await, 10);
        assert_eq!(runs_out(Some(3), Some(5)).await, 15);
        assert_eq!(runs_out(Some(3), Some(60)).await, 70);
        assert_eq!(runs_out(Some(3), None).await, 1000);
        assert_eq!(runs_out(Some(12), Some(14)).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_run_for_ever_once_nobody_tells() {
        let accepted = Instant::now();
        let sender = watched::Sender::new(Readiness::Away);
        let receiver = sender.subscribe();
        drop(sender);
        job_limit(receiver, accepted, LIMIT, &recorder()).await;
        assert_eq!(accepted.elapsed().as_secs(), 10);
    }
}
