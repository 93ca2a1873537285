//! How many tasks of this machine share a processor.

use std::time::Duration;

use procfs::{Current, LoadAverage};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::trace::{EventKind, Recorder};
use crate::watched;

/// How often it is looked how many tasks run or want to.
const EVERY: Duration = Duration::from_millis(10);

/// So many looks make one average.
const LOOKS: u32 = 50;

/// From so many tasks to a processor on, in percent, it is told.
const CROWDED: u64 = 150;

/// Counts again and again how many tasks share a processor of this machine, for as long as it
/// lives, and records what is considerable. The stack is on this machine, too, as a rule; where it
/// is not, this says nothing of it, and nothing wrong.
#[derive(Debug)]
pub struct Crowd {
    stop: watched::Sender<bool>,
    task: JoinHandle<()>,
}

impl Crowd {
    /// Starts to count.
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

    /// Tells what was counted since the last average, and ends.
    pub async fn end(self) {
        self.stop.send_replace(true);
        // It neither panics nor is aborted; if it did, there would be nothing more to tell.
        let _ = self.task.await;
    }
}

/// Counts until somebody says to stop, or is gone.
async fn count(
    recorder: Recorder,
    processors: u64,
    runnable: impl Fn() -> Option<u64>,
    mut stopped: watched::Receiver<bool>,
) {
    let mut goes_on = true;
    while goes_on {
        let (began_us, mut tasks, mut looks) = (recorder.now_us(), 0, 0);
        for _ in 0..LOOKS {
            let stop = timeout(EVERY, stopped.wait_for(|stop| *stop)).await;
            goes_on = stop.is_err();
            if let Some(now) = runnable() {
                tasks += now;
                looks += 1;
            }
            if !goes_on {
                break;
            }
        }
        let percent = 100 * tasks / (processors * looks).max(1);
        if percent >= CROWDED {
            recorder.record(EventKind::Crowded {
                percent,
                over_us: recorder.now_us() - began_us,
            });
        }
    }
}

/// The tasks that run or wait for a processor, the one that asks included.
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
