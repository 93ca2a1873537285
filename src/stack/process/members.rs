//! Processes as `/proc` shows them, and signals that cannot hit the wrong one.

use std::io;

use procfs::process::{Process, Stat, all_processes};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process, as far as it matters to which service it belongs and whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Its process id.
    pub pid: i32,
    /// The process id of its parent.
    pub parent: i32,
    /// The id of its process group.
    pub group: i32,
    /// What it is doing.
    pub state: State,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
}

/// What a process is doing, as far as freezing is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It runs, or may run at any time.
    Awake,
    /// A signal has frozen it.
    Frozen,
    /// The kernel holds it, and sees to its signals before it runs on. A parent in `vfork` is held
    /// for as long as its child is frozen, so after SIGSTOP this is as good as frozen.
    Held,
    /// It has ended and was not reaped: it holds nothing any more.
    Ended,
}

/// Whether these processes as a whole stand still: frozen by a signal, with nobody awake.
pub(super) fn stand_still(living: &[Member]) -> bool {
    any_frozen(living) && living.iter().all(|member| member.state != State::Awake)
}

/// Whether a signal has frozen any of these.
pub(super) fn any_frozen(living: &[Member]) -> bool {
    living.iter().any(|member| member.state == State::Frozen)
}

/// Every living process of this machine. This takes milliseconds: it is no call for a task that
/// sends requests.
pub(super) fn all() -> io::Result<Vec<Member>> {
    // A process that ends while the list is read is no error.
    Ok(all_processes()
        .map_err(io::Error::other)?
        .filter_map(|process| process.ok()?.stat().ok())
        .map(|stat| Member::from(&stat))
        .filter(|member| member.state != State::Ended)
        .collect())
}

/// The process with this id, also when it has ended but was not reaped.
pub(super) fn process(pid: i32) -> Option<Member> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    Some(Member::from(&stat))
}

/// What a process has started and what has not ended since, without a look at any other process.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let tasks = Process::new(pid).and_then(|process| process.tasks());
    let Ok(tasks) = tasks else {
        return Vec::new();
    };
    let children = tasks.filter_map(|task| task.ok()?.children().ok());
    children.flatten().map(|pid| pid as i32).collect()
}

/// What a process is called, for people.
pub(super) fn name(pid: i32) -> String {
    let stat = Process::new(pid).and_then(|process| process.stat());
    stat.map_or_else(|_| "?".to_owned(), |stat| stat.comm)
}

/// Sends a signal to this very process, and to no later one of the same id. A process that is gone
/// is no error.
pub(super) fn send(member: &Member, signal: Signal) -> io::Result<()> {
    let Some(pid) = Pid::from_raw(member.pid) else {
        return Ok(());
    };
    let gone = |error: rustix::io::Errno| match error {
        rustix::io::Errno::SRCH => Ok(()),
        error => Err(error.into()),
    };
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(error) => return gone(error),
    };
    // The handle keeps its process apart from all later ones; whether it is the one that is meant
    // is seen only now.
    match process(member.pid) {
        Some(now) if now.start_ticks == member.start_ticks => {
            pidfd_send_signal(&handle, signal).or_else(gone)
        }
        _ => Ok(()),
    }
}

/// When the process with this id started, in clock ticks since boot; none where there is no such
/// process, or it has ended and was only not reaped. Together with the id, it tells a process from
/// every other one until the next boot.
pub fn start_ticks(pid: u32) -> Option<u64> {
    let member = process(i32::try_from(pid).ok()?)?;
    (member.state != State::Ended).then_some(member.start_ticks)
}

impl From<&Stat> for Member {
    fn from(stat: &Stat) -> Self {
        Member {
            pid: stat.pid,
            parent: stat.ppid,
            group: stat.pgrp,
            state: match stat.state {
                'T' => State::Frozen,
                'D' => State::Held,
                'Z' | 'X' => State::Ended,
                _ => State::Awake,
            },
            start_ticks: stat.starttime,
        }
    }
}
