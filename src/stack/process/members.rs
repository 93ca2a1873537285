//! Processes in `/proc`, and signals that cannot hit the wrong process.

use std::fs::read_dir;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use procfs::process::{Process, Stat, all_processes};
use procfs::{Current, LoadAverage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The facts about a process that decide which service it belongs to and whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Its process id.
    pub pid: i32,
    /// The process id of its parent.
    pub parent: i32,
    /// The id of its process group.
    pub group: i32,
    /// Its state.
    pub state: State,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
}

/// The state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It runs, or may run at any time.
    Awake,
    /// A signal has frozen it.
    Frozen,
    /// It is in uninterruptible sleep, and handles its signals before it runs again. After SIGSTOP
    /// this counts as frozen: a parent in `vfork` stays in this state while its child is frozen.
    Held,
    /// It has ended and was not reaped. It holds no resources.
    Ended,
}

/// Whether these processes stand still: at least one is frozen by a signal and none is awake.
pub(super) fn stand_still(living: &[Member]) -> bool {
    any_frozen(living) && living.iter().all(|member| member.state != State::Awake)
}

/// Whether a signal has frozen any of these.
pub(super) fn any_frozen(living: &[Member]) -> bool {
    living.iter().any(|member| member.state == State::Frozen)
}

/// All living processes of this machine. Takes milliseconds, so it must not run on a task that
/// sends requests.
pub(super) fn all() -> io::Result<Vec<Member>> {
    // A process that ends meanwhile is no error.
    Ok(all_processes()
        .map_err(io::Error::other)?
        .filter_map(|process| process.ok()?.stat().ok())
        .map(|stat| Member::from(&stat))
        .filter(|member| member.state != State::Ended)
        .collect())
}

/// The living processes of this machine whose id was assigned after `from`, up to `to`. Reads
/// nothing of the others. Ids are assigned in order, and begin again at the end.
pub(super) fn between(from: i32, to: i32) -> io::Result<Vec<Member>> {
    let is_meant = |pid: i32| match from <= to {
        true => from < pid && pid <= to,
        false => from < pid || pid <= to,
    };
    let pid = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(read_dir("/proc")?
        .filter_map(pid)
        .filter(|pid| is_meant(*pid))
        .filter_map(process)
        .filter(|member| member.state != State::Ended)
        .collect())
}

/// The process or thread id that the kernel assigned last.
pub(super) fn last_pid() -> io::Result<i32> {
    let load = LoadAverage::current().map_err(io::Error::other)?;
    Ok(load.latest_pid as i32)
}

/// Waits until these processes have ended, reaped or not, or until `within` has passed. Blocks the
/// thread.
pub(super) fn wait_for_ends(living: &[Member], within: Duration) -> io::Result<()> {
    let deadline = Instant::now() + within;
    for handle in living.iter().map(handle) {
        let Some(handle) = handle? else { continue };
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        // The handle of a process can be read from once the process has ended.
        poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&left))?;
    }
    Ok(())
}

/// A handle on this process, and never on a later one with the same id; none if it is gone.
fn handle(member: &Member) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = Pid::from_raw(member.pid) else {
        return Ok(None);
    };
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        handle => handle?,
    };
    // The handle refers to one process only. Check now that it is the right one.
    let is_same = process(member.pid).is_some_and(|now| now.start_ticks == member.start_ticks);
    Ok(is_same.then_some(handle))
}

/// The process with this id, even if it has ended but was not reaped.
pub(super) fn process(pid: i32) -> Option<Member> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    Some(Member::from(&stat))
}

/// The living children of a process. Reads no other process.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let tasks = Process::new(pid).and_then(|process| process.tasks());
    let Ok(tasks) = tasks else {
        return Vec::new();
    };
    let children = tasks.filter_map(|task| task.ok()?.children().ok());
    children.flatten().map(|pid| pid as i32).collect()
}

/// The name of a process, for messages.
pub(super) fn name(pid: i32) -> String {
    let stat = Process::new(pid).and_then(|process| process.stat());
    stat.map_or_else(|_| "?".to_owned(), |stat| stat.comm)
}

/// Sends a signal to this process, and never to a later one with the same id. No error if it is
/// gone.
pub(super) fn send(member: &Member, signal: Signal) -> io::Result<()> {
    let Some(handle) = handle(member)? else {
        return Ok(());
    };
    match pidfd_send_signal(&handle, signal) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        sent => Ok(sent?),
    }
}

/// When the process with this id started, in clock ticks since boot; `None` if there is no such
/// living process. Id and start together identify a process until the next boot.
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
