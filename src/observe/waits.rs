//! How long the services' threads waited for a processor.
//!
//! The kernel counts how long each thread was ready but not running (`run_delay` in
//! `/proc/PID/task/TID/schedstat`, in nanoseconds), and how long a control group was throttled
//! (`cpu.stat`). This measures a busy machine where it matters: a hundred niced compilers take away
//! little time, a quota takes away a lot, and neither shows in the number of tasks.
//!
//! The processes that a driver knows and their descendants are read, on a separate thread.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::stack::{Stack, control_group};
use crate::trace::{EventKind, Measure, Recorder};

/// The time between two samples. A wait lies somewhere between two samples.
const EVERY: Duration = Duration::from_millis(50);

/// How often the drivers are asked for a service's process, which changes with each restart.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long the drivers may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The pause per thread, so that a service with hundreds of threads is sampled less often.
const PER_THREAD: Duration = Duration::from_millis(1);

/// A wait is recorded if it is at least this fraction (1/n) of the time between two samples: a
/// shorter one cannot have broken a timeout.
const WORTH_RECORDING: u32 = 20;

/// Samples how long each service's threads waited until it is dropped, and records considerable
/// waits.
#[derive(Debug)]
pub struct WaitObserver {
    recorder: Recorder,
    /// Whether every service of the stack can be measured.
    is_complete: bool,
    _task: JoinSet<()>,
}

impl WaitObserver {
    /// Starts sampling.
    pub async fn observe(stack: &Arc<Stack>, recorder: &Recorder) -> Self {
        let leaders = leaders(stack).await.unwrap_or_default();
        let is_complete = stack.api.is_some() && leaders.len() == stack.services().count();
        let mut task = JoinSet::new();
        if !leaders.is_empty() {
            recorder.measured_until(Measure::Waits, Some(tokio::time::Instant::now()));
            let (stack, recorder) = (Arc::clone(stack), recorder.clone());
            task.spawn(async move { measure(&stack, &recorder, leaders).await });
        }
        WaitObserver {
            recorder: recorder.clone(),
            is_complete,
            _task: task,
        }
    }

    /// Whether every service of the stack can be measured. Otherwise the machine's load must serve
    /// as an estimate.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Drop for WaitObserver {
    fn drop(&mut self) {
        // Nobody may wait for measurements that will never come.
        self.recorder.measured_until(Measure::Waits, None);
    }
}

/// The main process of each service that has one on this machine; none if the drivers do not answer
/// in time.
async fn leaders(stack: &Stack) -> Option<BTreeMap<String, u32>> {
    let asked = async {
        let mut leaders = BTreeMap::new();
        for (name, driver) in stack.services() {
            if let Some(pid) = driver.leader().await {
                leaders.insert(name.to_owned(), pid);
            }
        }
        leaders
    };
    timeout(PATIENCE, asked).await.ok()
}

async fn measure(stack: &Stack, recorder: &Recorder, mut leaders: BTreeMap<String, u32>) {
    let mut meters: BTreeMap<String, Meter> = BTreeMap::new();
    let mut asked = Instant::now();
    loop {
        if asked.elapsed() >= ASK_EVERY {
            // If an engine does not answer, the last answer still holds.
            leaders = self::leaders(stack).await.unwrap_or(leaders);
            asked = Instant::now();
        }
        let services = leaders.clone();
        let (sender, sampled) = oneshot::channel();
        spawn_blocking(move || {
            let waits = sample(&mut meters, &services);
            // Sending fails when the trial is over.
            let _ = sender.send((waits, meters));
        });
        let Ok((waited, again)) = sampled.await else {
            return;
        };
        meters = again;
        // A service that is gone may come back as another process.
        leaders.retain(|service, _| meters.contains_key(service));
        for (service, waited) in waited {
            recorder.record(EventKind::Waited {
                service,
                waited_us: waited.time.as_micros() as u64,
                over_us: waited.over.as_micros() as u64,
            });
        }
        recorder.measured_until(Measure::Waits, Some(tokio::time::Instant::now()));
        let threads: usize = meters.values().map(|meter| meter.threads.len()).sum();
        sleep(EVERY.max(PER_THREAD * threads as u32)).await;
    }
}

/// How long a service waited between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waited {
    time: Duration,
    over: Duration,
}

/// Samples each service once, and returns the considerable waits.
fn sample(
    meters: &mut BTreeMap<String, Meter>,
    leaders: &BTreeMap<String, u32>,
) -> Vec<(String, Waited)> {
    let mut passed: Vec<(String, Passed)> = Vec::new();
    for (service, leader) in leaders {
        let before = meters.remove(service);
        let Some(now) = Meter::read(*leader) else {
            continue;
        };
        passed.extend(before.map(|before| (service.clone(), before.until(&now))));
        meters.insert(service.clone(), now);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let own: Duration = passed.iter().map(|(_, passed)| passed.ran).sum();
    let waits = passed.into_iter().map(|(service, passed)| {
        let (time, over) = (passed.withheld(own, processors), passed.over);
        (service, Waited { time, over })
    });
    waits
        .filter(|(_, waited)| {
            waited.time * WORTH_RECORDING >= waited.over && !waited.time.is_zero()
        })
        .collect()
}

/// One sample of a service.
#[derive(Debug)]
struct Meter {
    at: Instant,
    /// How long each thread has run, and how long it has waited.
    threads: BTreeMap<u32, (Duration, Duration)>,
    /// How long its control group has been throttled.
    throttled: Duration,
}

/// The difference between two samples of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Passed {
    over: Duration,
    /// How long all of its threads ran, added up.
    ran: Duration,
    /// How long the thread waited that waited longest.
    waited: Duration,
}

impl Meter {
    /// Reads the threads of a process and its descendants; none if there is no such process.
    fn read(leader: u32) -> Option<Meter> {
        let at = Instant::now();
        let mut threads = BTreeMap::new();
        let mut processes = vec![leader];
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        while let Some(pid) = processes.pop() {
            let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
                continue;
            };
            for task in tasks.filter_map(Result::ok) {
                let read = |file| fs::read_to_string(task.path().join(file)).unwrap_or_default();
                let Some(times) = schedstat(&read("schedstat")) else {
                    continue;
                };
                let tid = task.file_name().to_str().and_then(|name| name.parse().ok());
                threads.extend(tid.map(|tid| (tid, times)));
                let children = read("children");
                let children = children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse().ok());
                processes.extend(children.filter(|pid| seen.insert(*pid)));
            }
        }
        (!threads.is_empty()).then(|| Meter {
            at,
            threads,
            throttled: throttled(leader).unwrap_or_default(),
        })
    }

    /// The difference to a later sample. A new thread counts from its start; nothing is known of
    /// threads that have ended.
    fn until(&self, now: &Meter) -> Passed {
        let mut passed = Passed {
            over: now.at.saturating_duration_since(self.at),
            ran: Duration::ZERO,
            waited: now.throttled.saturating_sub(self.throttled),
        };
        for (tid, (ran, waited)) in &now.threads {
            let (ran_before, waited_before) = self.threads.get(tid).copied().unwrap_or_default();
            passed.ran += ran.saturating_sub(ran_before);
            passed.waited = passed.waited.max(waited.saturating_sub(waited_before));
        }
        passed
    }
}

impl Passed {
    /// The part of the wait that others caused, if the services together ran for `own`: the
    /// services may also wait for each other.
    fn withheld(&self, own: Duration, processors: u32) -> Duration {
        let capacity = self.over * processors;
        let others = match capacity.is_zero() {
            true => 0.0,
            false => 1.0 - (own.as_secs_f64() / capacity.as_secs_f64()).min(1.0),
        };
        self.waited.mul_f64(others).min(self.over)
    }
}

/// How long a thread has run and waited: `RAN WAITED SLICES`, the times in nanoseconds.
fn schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut words = text.split_whitespace();
    let mut time = || Some(Duration::from_nanos(words.next()?.parse().ok()?));
    Some((time()?, time()?))
}

/// How long a process's control group has been throttled, in either version of control groups.
fn throttled(pid: u32) -> Option<Duration> {
    let folders = control_group::folders(pid)?;
    ["cpu", ""].iter().find_map(|controller| {
        let stat = folders.get(*controller)?.join("cpu.stat");
        throttled_time(&fs::read_to_string(stat).ok()?)
    })
}

/// The throttled time in a `cpu.stat`: in microseconds in version 2, in nanoseconds in version 1.
fn throttled_time(stat: &str) -> Option<Duration> {
    stat.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        match name {
            "throttled_usec" => Some(Duration::from_micros(value.trim().parse().ok()?)),
            "throttled_time" => Some(Duration::from_nanos(value.trim().parse().ok()?)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn meter(at: Instant, threads: &[(u32, u64, u64)], throttled: u64) -> Meter {
        let threads = threads
            .iter()
            .map(|(tid, ran, waited)| (*tid, (ms(*ran), ms(*waited))));
        Meter {
            at,
            threads: threads.collect(),
            throttled: ms(throttled),
        }
    }

    #[test]
    fn the_thread_that_waited_longest_counts_or_the_throttling_whichever_is_more() {
        let began = Instant::now();
        let before = meter(began, &[(1, 10, 5), (2, 10, 100), (3, 10, 7)], 40);
        let later = began + ms(50);
        let passed = before.until(&meter(later, &[(1, 12, 25), (2, 11, 101), (4, 3, 4)], 40));
        assert_eq!(
            (passed.over, passed.ran, passed.waited),
            (ms(50), ms(6), ms(20))
        );
        let throttled = before.until(&meter(later, &[(1, 10, 5)], 75));
        assert_eq!(throttled.waited, ms(35));
    }

    #[test]
    fn what_the_services_keep_from_each_other_nobody_withholds() {
        let passed = Passed {
            over: ms(50),
            ran: ms(0),
            waited: ms(40),
        };
        assert_eq!(passed.withheld(ms(0), 2), ms(40));
        assert_eq!(passed.withheld(ms(50), 2), ms(20));
        assert_eq!(passed.withheld(ms(100), 2), ms(0));
    }

    #[test]
    fn both_versions_of_control_groups_tell_how_long_they_were_throttled() {
        assert_eq!(
            throttled_time("nr_periods 3\nthrottled_time 7000000\n"),
            Some(ms(7))
        );
        assert_eq!(
            throttled_time("usage_usec 9\nthrottled_usec 8000\n"),
            Some(ms(8))
        );
        assert_eq!(throttled_time("usage_usec 9\n"), None);
        assert_eq!(schedstat("5000000 7000000 12\n"), Some((ms(5), ms(7))));
        assert_eq!(schedstat("nothing\n"), None);
    }

    /// Two busy threads on one processor keep each other waiting, whatever else the machine does.
    #[test]
    fn the_kernel_tells_how_long_a_thread_waited() {
        let me = std::process::id();
        let before = Meter::read(me).unwrap();
        let busy = || {
            let began = Instant::now();
            while began.elapsed() < ms(60) {
                std::hint::black_box(began);
            }
        };
        let count = 2 * std::thread::available_parallelism().map_or(1, usize::from);
        let more = std::thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(busy);
            }
            std::thread::sleep(ms(50));
            Meter::read(me).unwrap()
        });
        let passed = before.until(&more);
        assert!(passed.waited >= ms(5), "{passed:?}");
        assert!(Meter::read(u32::MAX).is_none());
    }
}
