//! Every process of one start of a service, wherever it has gone.
//!
//! A server does not stay in the process group that it was started in: each backend of PostgreSQL
//! calls `setsid`, and other workers do the same. So a service is followed by what is known of it:
//! a process belongs to it when the service was seen to start it, when it shares a process group
//! with one that belongs, or when it carries the driver's mark. What was seen once is remembered,
//! also when its parent has ended.
//!
//! A look asks for the known processes and their children only; a scan of all of `/proc` is done at
//! the end of a freeze and of a kill, to make sure of what has left the tree. Both are done aside,
//! on a thread that may block: a database with hundreds of backends takes milliseconds to be looked
//! at, and whoever asks may be the task that sends requests. comeback does not
//! make itself the reaper of orphans (`PR_SET_CHILD_SUBREAPER`): it would then have to reap what
//! the user's own commands leave behind, and in a Rust test what others have started.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::family::family;
use super::mark::{self, MARK};
use super::members::{self, Member, State};

/// How often to look whether the kernel has done what a signal asks: nothing announces it.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How long a kill waits for everything to stand still first, so that nothing can start anything
/// meanwhile.
const STILL_WITHIN: Duration = Duration::from_millis(500);

/// The processes of one start of a service.
pub(super) struct Reach {
    /// The driver's mark.
    mark: String,
    /// The leader's process id, which names its group as well. It is not reaped as long as this
    /// lives.
    leader: i32,
    /// When each known process started, by its id.
    known: Mutex<BTreeMap<i32, u64>>,
}

impl Reach {
    /// Begins with a leader.
    pub fn new(mark: &str, leader: &Member) -> Arc<Self> {
        Arc::new(Reach {
            mark: mark.to_owned(),
            leader: leader.pid,
            known: Mutex::new(BTreeMap::from([(leader.pid, leader.start_ticks)])),
        })
    }

    /// The known processes that live, and what they have started since the last look.
    pub fn look(&self) -> Vec<Member> {
        let mut known = self.known();
        let mut queue: Vec<i32> = known.keys().copied().collect();
        let mut found = BTreeMap::new();
        while let Some(pid) = queue.pop() {
            if found.contains_key(&pid) {
                continue;
            }
            let Some(member) = members::process(pid) else {
                continue;
            };
            let is_new_or_same = known
                .get(&pid)
                .is_none_or(|ticks| *ticks == member.start_ticks);
            if is_new_or_same {
                found.insert(pid, member);
                queue.extend(members::children(pid));
            }
        }
        remember(&mut known, found.into_values().collect())
    }

    /// As [`Reach::look`], but asks every process of this machine whether it belongs.
    pub fn scan(&self) -> io::Result<Vec<Member>> {
        let all = members::all()?;
        let mut known = self.known();
        let is_root = |member: &Member| {
            known.get(&member.pid) == Some(&member.start_ticks)
                || member.group == self.leader
                || mark::carries(member.pid, MARK, &self.mark)
        };
        let found = family(&all, is_root);
        Ok(remember(&mut known, found))
    }

    /// Freezes everything, again and again until nothing is left awake.
    ///
    /// # Errors
    /// When a process cannot be signalled, or all have ended. The caller bounds the time.
    pub async fn freeze(self: &Arc<Self>) -> io::Result<()> {
        let mut asked = BTreeMap::new();
        let mut living = self.look_aside().await?;
        loop {
            if ask_to_stop(&living, &mut asked)? || living.iter().any(|m| m.state == State::Awake) {
                sleep(LOOK_EVERY).await;
                living = self.look_aside().await?;
                continue;
            }
            // Everything known stands still. What has left the tree shows only now, and what it
            // starts is looked for again.
            living = self.scan_aside().await?;
            if living.is_empty() {
                return Err(io::Error::other("it has just ended"));
            }
            let all_asked = living
                .iter()
                .all(|m| asked.get(&m.pid) == Some(&m.start_ticks));
            if all_asked && members::stand_still(&living) {
                return Ok(());
            }
        }
    }

    /// Thaws everything and waits until nothing is frozen.
    ///
    /// # Errors
    /// When a process cannot be signalled. The caller bounds the time.
    pub async fn thaw(self: &Arc<Self>) -> io::Result<()> {
        loop {
            let living = self.look_aside().await?;
            for member in &living {
                members::send(member, Signal::CONT).map_err(|error| beyond(member, &error))?;
            }
            if !members::any_frozen(&self.look_aside().await?) {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Kills everything and waits until nothing is left. All of it is frozen first, so that nothing
    /// is started while it dies.
    ///
    /// # Errors
    /// When a process cannot be signalled. The caller bounds the time.
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
            if !is_new || Instant::now() >= still_until {
                for member in &living {
                    members::send(member, Signal::KILL).map_err(|error| beyond(member, &error))?;
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Sends SIGKILL to everything at once, for those who cannot wait.
    pub fn kill_now(&self) {
        let living = self.scan().unwrap_or_else(|_| self.look());
        for member in &living {
            // Nobody is left to be told when this fails, and `comeback heal` still has the lease.
            let _ = members::send(member, Signal::KILL);
        }
    }

    /// What still runs, for people: "2 of 5 processes (pid 7 `worker`, …)".
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

    /// [`Reach::look`] on a thread that may block.
    ///
    /// # Errors
    /// When there is no such thread any more: the program ends.
    pub async fn look_aside(self: &Arc<Self>) -> io::Result<Vec<Member>> {
        self.aside(Reach::look).await
    }

    /// [`Reach::scan`] on a thread that may block.
    async fn scan_aside(self: &Arc<Self>) -> io::Result<Vec<Member>> {
        self.aside(Reach::scan).await?
    }

    /// Asks on a thread that may block.
    pub async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Reach) -> T + Send + 'static,
    ) -> io::Result<T> {
        let this = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || ask(&this));
        asked.await.map_err(io::Error::other)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<i32, u64>> {
        // It is only ever replaced as a whole, so a panic elsewhere cannot have left it half-made.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the living as what is known, and returns them.
fn remember(known: &mut BTreeMap<i32, u64>, mut found: Vec<Member>) -> Vec<Member> {
    found.retain(|member| member.state != State::Ended);
    *known = found.iter().map(|m| (m.pid, m.start_ticks)).collect();
    found
}

/// Sends SIGSTOP to everything that was not asked before, and says whether there was any. What the
/// kernel holds is asked as well: it stops as soon as it is let go.
fn ask_to_stop(living: &[Member], asked: &mut BTreeMap<i32, u64>) -> io::Result<bool> {
    let mut is_any = false;
    for member in living {
        if asked.insert(member.pid, member.start_ticks) != Some(member.start_ticks) {
            is_any = true;
            members::send(member, Signal::STOP).map_err(|error| beyond(member, &error))?;
        }
    }
    Ok(is_any)
}

fn beyond(member: &Member, error: &io::Error) -> io::Error {
    let name = members::name(member.pid);
    let message = format!(
        "partial: pid {} `{name}` cannot be reached: {error}",
        member.pid
    );
    io::Error::new(error.kind(), message)
}
