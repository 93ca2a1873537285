//! How many tasks of this machine share a processor.

use std::time::Duration;

use procfs::{Current, LoadAverage};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::trace::{EventKind, Recorder};
use crate::watched;

/// The time between two samples.
const EVERY: Duration = Duration::from_millis(10);

/// How many samples make one average.
const SAMPLES: u32 = 50;

/// The fewest tasks per processor that are recorded, in percent.
const CROWDED: u64 = 150;

/// Samples how many tasks share a processor of this machine until it is ended or dropped, and
/// records averages from 1.5 tasks up. Usually the stack is on this machine, too. If not, this says
/// nothing about the stack, and nothing wrong.
#[derive(Debug)]
pub struct Crowd {
    stop: watched::Sender<bool>,
    task: JoinHandle<()>,
}

impl Crowd {
    /// Starts sampling.
    pub fn observe(recorder: &Recorder) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        Self::with_tasks(recorder, processors, runnable)
    }

    fn with_tasks(
        recorder: &Recorder,
        processors: u64,
        runnable: impl Fn() -> Option<u64> + Send + 'static,
    ) -> Self {
        let (stop, stopped) = watched::channel(false);
        let task = tokio::spawn(count(recorder.clone(), processors, runnable, stopped));
        Crowd { stop, task }
    }

    /// Records the average since the last one, and ends.
    pub async fn end(self) {
        self.stop.send_replace(true);
        // The task neither panics nor is aborted.
        let _ = self.task.await;
    }
}

/// Counts until it is stopped or the sender is dropped.
async fn count(
    recorder: Recorder,
    processors: u64,
    runnable: impl Fn() -> Option<u64>,
    mut stopped: watched::Receiver<bool>,
) {
    let mut goes_on = true;
    while goes_on {
        let (began_us, mut tasks, mut samples) = (recorder.now_us(), 0, 0);
        for _ in 0..SAMPLES {
            let stop = timeout(EVERY, stopped.wait_for(|stop| *stop)).await;
            goes_on = stop.is_err();
            if let Some(now) = runnable() {
                tasks += now;
                samples += 1;
            }
            if !goes_on {
                break;
            }
        }
        let percent = 100 * tasks / (processors * samples).max(1);
        if percent >= CROWDED {
            recorder.record(EventKind::Crowded {
                percent,
                over_us: recorder.now_us() - began_us,
            });
        }
    }
}

/// The tasks that run or wait for a processor, including this one.
fn runnable() -> Option<u64> {
    LoadAverage::current().ok().map(|load| u64::from(load.cur))
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;
    use crate::trace::Redaction;

    async fn history(tasks: u64) -> Vec<EventKind> {
        let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
        let crowd = Crowd::with_tasks(&recorder, 2, move || Some(tasks));
        sleep(Duration::from_millis(1_205)).await;
        crowd.end().await;
        recorder.history().into_iter().map(|e| e.kind).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_told_and_a_few_are_not() {
        assert_eq!(history(2).await, []);
        let history = history(7).await;
        let percents = history.iter().map(|kind| match kind {
            EventKind::Crowded { percent, over_us } => (*percent, over_us.div_ceil(100_000)),
            other => panic!("{other:?}"),
        });
        assert_eq!(percents.collect::<Vec<_>>(), [(350, 5), (350, 5), (350, 3)]);
    }

    #[test]
    fn this_machine_tells_how_many_run() {
        assert!(runnable().is_some_and(|tasks| tasks >= 1));
    }
}
