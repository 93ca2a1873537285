//! How long the services' own threads waited for a processor.
//!
//! The kernel keeps the time that each thread was ready to run and did not (`run_delay` in
//! `/proc/PID/task/TID/schedstat`, in nanoseconds), and how long a control group was throttled
//! (`cpu.stat`). So a busy machine is measured where it counts: a hundred niced compilers withhold
//! little, a quota withholds a lot, and neither shows in the number of tasks.
//!
//! What is read are the processes that a driver knows and their descendants, on a thread of its
//! own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::stack::Stack;
use crate::trace::{EventKind, Measure, Recorder};

/// How often it is looked. Two looks bound when within them a thread waited.
const EVERY: Duration = Duration::from_millis(50);

/// How often it is asked which process a service is: it is another after each restart.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long the drivers may take to say so.
const PATIENCE: Duration = Duration::from_millis(500);

/// A look takes about this long for each thread; a service with hundreds of them is looked at less
/// often.
const PER_THREAD: Duration = Duration::from_millis(1);

/// Less than this part of a time is not told: it cannot be what broke a deadline.
const WORTH_TELLING: u32 = 20;

/// Measures again and again how long each service's threads waited, for as long as it lives, and
/// records what is considerable.
#[derive(Debug)]
pub struct WaitObserver {
    recorder: Recorder,
    /// Whether every service of the stack can be measured.
    is_complete: bool,
    _task: JoinSet<()>,
}

impl WaitObserver {
    /// Starts to measure.
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

    /// Whether every service of the stack can be measured, so that nothing has to be guessed from
    /// the machine's load.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Drop for WaitObserver {
    fn drop(&mut self) {
        // Nobody shall wait for what will not be known.
        self.recorder.measured_until(Measure::Waits, None);
    }
}

/// The first process of each service that has one on this machine; none where that is not known in
/// time.
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
            // An engine that does not answer tells nothing new.
            leaders = self::leaders(stack).await.unwrap_or(leaders);
            asked = Instant::now();
        }
        let services = leaders.clone();
        let (sender, looked) = oneshot::channel();
        spawn_blocking(move || {
            let looked = look(&mut meters, &services);
            // Where nobody listens any more, the trial is over.
            let _ = sender.send((looked, meters));
        });
        let Ok((waited, again)) = looked.await else {
            return;
        };
        meters = again;
        // A service that has gone may be back as another process.
        leaders.retain(|service, _| meters.contains_key(service));
        for (service, waited) in waited {
            recorder.record(EventKind::Waited {
                service,
                waited_us: waited.time.as_micros() as u64,
                over_us: waited.over.as_micros() as u64,
            });
        }
        recorder.measured_until(Measure::Waits, Some(tokio::time::Instant::now()));
        let threads = meters
            .values()
            .map(|meter| meter.threads.len() as u32)
            .sum::<u32>();
        sleep(EVERY.max(PER_THREAD * threads)).await;
    }
}

/// How long a service waited between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waited {
    time: Duration,
    over: Duration,
}

/// Looks at each service once, and tells what is considerable.
fn look(
    meters: &mut BTreeMap<String, Meter>,
    leaders: &BTreeMap<String, u32>,
) -> Vec<(String, Waited)> {
    let mut looks = Vec::new();
    for (service, leader) in leaders {
        match Meter::read(*leader) {
            Some(now) => looks.extend(
                meters
                    .insert(service.clone(), now)
                    .map(|before| (service, before)),
            ),
            None => drop(meters.remove(service)),
        }
    }
    let since = |(service, before): (&String, Meter)| {
        Some((service.clone(), before.until(meters.get(service)?)))
    };
    let passed: Vec<(String, Passed)> = looks.into_iter().filter_map(since).collect();
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let own: Duration = passed.iter().map(|(_, passed)| passed.ran).sum();
    let told = passed.into_iter().map(|(service, passed)| {
        let time = passed.withheld(own, processors);
        (
            service,
            Waited {
                time,
                over: passed.over,
            },
        )
    });
    told.filter(|(_, waited)| waited.time * WORTH_TELLING >= waited.over && !waited.time.is_zero())
        .collect()
}

/// What one look says of a service.
#[derive(Debug)]
struct Meter {
    at: Instant,
    /// Of each thread, how long it has run and how long it has waited.
    threads: BTreeMap<u32, (Duration, Duration)>,
    /// How long its control group has been throttled.
    throttled: Duration,
}

/// What passed between two looks at a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Passed {
    over: Duration,
    /// How long all of its threads ran.
    ran: Duration,
    /// How long the one that waited longest did.
    waited: Duration,
}

impl Meter {
    /// Reads the threads of a process and its descendants; none where there is no such process.
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
                let path = task.path();
                let Some(times) = fs::read_to_string(path.join("schedstat"))
                    .ok()
                    .as_deref()
                    .and_then(schedstat)
                else {
                    continue;
                };
                let tid = task.file_name().to_str().and_then(|name| name.parse().ok());
                threads.extend(tid.map(|tid| (tid, times)));
                let children = fs::read_to_string(path.join("children")).unwrap_or_default();
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

    /// What passed until a later look. A thread that is new has waited since it began; of one that
    /// has ended nothing is known.
    fn until(&self, now: &Meter) -> Passed {
        let since = |(tid, (ran, waited)): (&u32, &(Duration, Duration))| {
            let (ran_before, before) = self.threads.get(tid).copied().unwrap_or_default();
            (
                ran.saturating_sub(ran_before),
                waited.saturating_sub(before),
            )
        };
        let each: Vec<(Duration, Duration)> = now.threads.iter().map(since).collect();
        let longest = each
            .iter()
            .map(|(_, waited)| *waited)
            .max()
            .unwrap_or_default();
        let throttled = now.throttled.saturating_sub(self.throttled);
        Passed {
            over: now.at.saturating_duration_since(self.at),
            ran: each.iter().map(|(ran, _)| *ran).sum(),
            waited: longest.max(throttled),
        }
    }
}

impl Passed {
    /// What others withheld of it, where the services together ran for `own`: threads that wait for
    /// each other's work only are kept waiting by nobody else.
    fn withheld(&self, own: Duration, processors: u32) -> Duration {
        let capacity = self.over * processors;
        let others = match capacity.is_zero() {
            true => 0.0,
            false => 1.0 - (own.as_secs_f64() / capacity.as_secs_f64()).min(1.0),
        };
        self.waited.mul_f64(others).min(self.over)
    }
}

/// How long a thread has run and waited, in `RAN WAITED SLICES`, the times in nanoseconds.
fn schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut words = text
        .split_whitespace()
        .map(|word| word.parse().map(Duration::from_nanos));
    Some((words.next()?.ok()?, words.next()?.ok()?))
}

/// How long a process's control group has been throttled, in either version of control groups.
fn throttled(pid: u32) -> Option<Duration> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let root = match controllers {
            "" => PathBuf::from("/sys/fs/cgroup"),
            with if with.split(',').any(|name| name == "cpu") => {
                PathBuf::from("/sys/fs/cgroup/cpu")
            }
            _ => return None,
        };
        throttled_time(&fs::read_to_string(root.join(path).join("cpu.stat")).ok()?)
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
