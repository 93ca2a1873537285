//! Finds all processes of one start of a service.
//!
//! Server processes leave the process group that they were started in: each backend of PostgreSQL
//! calls `setsid`, and so do other workers. A process belongs to a service if the service was seen
//! to start it, if it shares a process group with a process of the service, or if it has the
//! driver's mark. A process once found is remembered, even after its parent has ended.
//!
//! A *look* reads only the known processes and their children. A *scan* also reads every process
//! that is new on this machine; freeze and kill end with one, to catch processes that have left the
//! tree. Both run on a blocking thread, because a database with hundreds of backends takes
//! milliseconds, and the caller may be a task that sends requests.
//!
//! comeback does not make itself the reaper of orphans (`PR_SET_CHILD_SUBREAPER`): it would then
//! have to reap processes of the user's own commands, and in a Rust test those of other tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::family::family;
use super::mark::{self, MARK};
use super::members::{self, Member, State};

/// How long the kernel may take to do what a signal asks. It is slower only when it is in trouble.
pub(super) const KERNEL_PATIENCE: Duration = Duration::from_secs(10);

/// It may take this long until a new process can be recognized: while it is being forked it is not
/// in `/proc`, and while it executes a new program its environment is empty.
const SHOWN_AFTER: Duration = Duration::from_millis(100);

/// How often to check whether a process has stopped or goes on. The kernel does not report it.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How long a kill first waits for all processes to freeze, so that none can start another.
const STILL_WITHIN: Duration = Duration::from_millis(500);

/// The processes of one start of a service.
pub(super) struct Reach {
    /// The driver's mark.
    mark: String,
    /// The leader's process id, which is also the group's id. The leader is not reaped while this
    /// value lives.
    leader: i32,
    known: Mutex<Known>,
}

/// What is known of a service's processes.
struct Known {
    /// The start of each in clock ticks, by process id.
    processes: BTreeMap<i32, u64>,
    /// When each scan was made, and the last process id that the kernel had assigned by then. The
    /// first entry is the leader's.
    scans: Vec<(Instant, i32)>,
}

impl Reach {
    /// Begins with the leader.
    pub fn new(mark: &str, leader: &Member) -> Arc<Self> {
        Arc::new(Reach {
            mark: mark.to_owned(),
            leader: leader.pid,
            known: Mutex::new(Known {
                processes: BTreeMap::from([(leader.pid, leader.start_ticks)]),
                scans: vec![(Instant::now(), leader.pid)],
            }),
        })
    }

    /// The living known processes, and those that they have started since the last look.
    pub fn look(&self) -> Vec<Member> {
        let mut known = self.known();
        let found = known.tree();
        remember(&mut known.processes, found)
    }

    /// As [`Reach::look`], but also checks every process of this machine that is new.
    pub fn scan(&self) -> io::Result<Vec<Member>> {
        let mut known = self.known();
        let last = members::last_pid()?;
        let mut all = members::between(known.scanned_to(last), last)?;
        let tree = known.tree();
        all.retain(|new| tree.iter().all(|member| member.pid != new.pid));
        all.extend(tree);
        let processes = &known.processes;
        let is_root = |member: &Member| {
            processes.get(&member.pid) == Some(&member.start_ticks)
                || member.group == self.leader
                || mark::carries(member.pid, MARK, &self.mark)
        };
        let found = family(&all, is_root);
        Ok(remember(&mut known.processes, found))
    }

    /// Freezes all processes, repeatedly until none is awake. The caller limits the time.
    ///
    /// # Errors
    /// When a process cannot be signalled, or all have ended.
    pub async fn freeze(self: &Arc<Self>) -> io::Result<()> {
        let mut asked = BTreeMap::new();
        let mut living = self.look_aside().await?;
        loop {
            if ask_to_stop(&living, &mut asked)? || living.iter().any(|m| m.state == State::Awake) {
                sleep(LOOK_EVERY).await;
                living = self.look_aside().await?;
                continue;
            }
            // All known processes are frozen. Find those that have left the tree, and start over if
            // there are new ones.
            living = self.scan_aside().await?;
            if living.is_empty() {
                return Err(io::Error::other("the service has just ended"));
            }
            let all_asked = living
                .iter()
                .all(|m| asked.get(&m.pid) == Some(&m.start_ticks));
            if all_asked && members::stand_still(&living) {
                return Ok(());
            }
        }
    }

    /// Thaws all processes and waits until none is frozen. The caller limits the time.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub async fn thaw(self: &Arc<Self>) -> io::Result<()> {
        loop {
            let living = self.look_aside().await?;
            for member in &living {
                members::send(member, Signal::CONT)
                    .map_err(|error| cannot_signal(member, &error))?;
            }
            if !members::any_frozen(&self.look_aside().await?) {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Kills all processes and waits until none is left. Freezes them first, so that none starts
    /// another meanwhile. The caller limits the time.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub async fn kill(self: &Arc<Self>) -> io::Result<()> {
        let still_until = Instant::now() + STILL_WITHIN;
        let mut asked = BTreeMap::new();
        loop {
            let living = self.look_aside().await?;
            let moves =
                ask_to_stop(&living, &mut asked)? || living.iter().any(|m| m.state == State::Awake);
            if moves && Instant::now() < still_until {
                sleep(LOOK_EVERY).await;
                continue;
            }
            let living = self.scan_aside().await?;
            if living.is_empty() {
                return Ok(());
            }
            let is_new = ask_to_stop(&living, &mut asked)?;
            match !is_new || Instant::now() >= still_until {
                true => self.kill_at_once(living).await?,
                false => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Sends SIGKILL to these, and waits until they have ended.
    async fn kill_at_once(self: &Arc<Self>, living: Vec<Member>) -> io::Result<()> {
        self.aside(move |_| {
            for member in &living {
                members::send(member, Signal::KILL)
                    .map_err(|error| cannot_signal(member, &error))?;
            }
            members::wait_for_ends(&living, KERNEL_PATIENCE)
        })
        .await?
    }

    /// Sends SIGKILL to all processes and does not wait.
    pub fn kill_now(&self) {
        let living = self.scan().unwrap_or_else(|_| self.look());
        for member in &living {
            // The caller cannot handle an error, and `comeback heal` still has the lease.
            let _ = members::send(member, Signal::KILL);
        }
    }

    /// The processes that still run, for messages: "2 of 5 processes (pid 7 `worker`, …)".
    pub fn awake(&self) -> String {
        let living = self.look();
        let awake = living.iter().filter(|m| m.state == State::Awake);
        let awake: Vec<String> = awake
            .map(|m| format!("pid {} `{}`", m.pid, members::name(m.pid)))
            .collect();
        format!(
            "{} of {} processes ({})",
            awake.len(),
            living.len(),
            awake.join(", ")
        )
    }

    /// [`Reach::look`] on a blocking thread.
    ///
    /// # Errors
    /// When the runtime is shutting down.
    pub async fn look_aside(self: &Arc<Self>) -> io::Result<Vec<Member>> {
        self.aside(Reach::look).await
    }

    /// [`Reach::scan`] on a blocking thread.
    pub async fn scan_aside(self: &Arc<Self>) -> io::Result<Vec<Member>> {
        self.aside(Reach::scan).await?
    }

    /// Runs a closure on a blocking thread.
    ///
    /// # Errors
    /// When the runtime is shutting down.
    pub async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Reach) -> T + Send + 'static,
    ) -> io::Result<T> {
        let this = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || ask(&this));
        asked.await.map_err(io::Error::other)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Its parts are only ever replaced as a whole, so a poisoned state is consistent.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The known processes and their descendants, whether they have ended or not.
    fn tree(&self) -> Vec<Member> {
        let mut queue: Vec<i32> = self.processes.keys().copied().collect();
        let mut found = BTreeMap::new();
        while let Some(pid) = queue.pop() {
            if found.contains_key(&pid) {
                continue;
            }
            let Some(member) = members::process(pid) else {
                continue;
            };
            let is_new_or_same = self
                .processes
                .get(&pid)
                .is_none_or(|ticks| *ticks == member.start_ticks);
            if is_new_or_same {
                found.insert(pid, member);
                queue.extend(members::children(pid));
            }
        }
        found.into_values().collect()
    }

    /// Every process up to this id was scanned when it could be recognized. `last`, the newest id,
    /// is remembered for later scans.
    fn scanned_to(&mut self, last: i32) -> i32 {
        let now = Instant::now();
        let is_old = |scan: &(Instant, i32)| now.saturating_duration_since(scan.0) >= SHOWN_AFTER;
        let old = self.scans.iter().rposition(is_old).unwrap_or(0);
        self.scans.drain(..old);
        self.scans.push((now, last));
        self.scans[0].1
    }
}

/// Makes the living processes the known ones, and returns them.
fn remember(known: &mut BTreeMap<i32, u64>, mut found: Vec<Member>) -> Vec<Member> {
    found.retain(|member| member.state != State::Ended);
    *known = found.iter().map(|m| (m.pid, m.start_ticks)).collect();
    found
}

/// Sends SIGSTOP to all processes that were not asked before. Returns whether there were any. A
/// process in uninterruptible sleep is asked too: it stops as soon as it wakes.
fn ask_to_stop(living: &[Member], asked: &mut BTreeMap<i32, u64>) -> io::Result<bool> {
    let mut is_any = false;
    for member in living {
        if asked.insert(member.pid, member.start_ticks) != Some(member.start_ticks) {
            is_any = true;
            members::send(member, Signal::STOP).map_err(|error| cannot_signal(member, &error))?;
        }
    }
    Ok(is_any)
}

fn cannot_signal(member: &Member, error: &io::Error) -> io::Error {
    let name = members::name(member.pid);
    let message = format!(
        "partial: cannot signal pid {} `{name}`: {error}",
        member.pid
    );
    io::Error::new(error.kind(), message)
}
