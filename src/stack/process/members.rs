//! Who is in a process group, as `/proc` tells.

use std::ffi::OsStr;
use std::io;

use procfs::process::{Process, Stat, all_processes};

/// A process as far as its group is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Its process id.
    pub pid: i32,
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
    /// The kernel holds it, and sees to its signals before it runs on. A parent in `vfork` is held for as long
    /// as its child is frozen, so after SIGSTOP this is as good as frozen.
    Held,
}

/// Whether a group as a whole stands still: frozen by a signal, with nobody awake.
pub(super) fn stand_still(living: &[Member]) -> bool {
    any_frozen(living) && living.iter().all(|member| member.state != State::Awake)
}

/// Whether a signal has frozen any of these.
pub(super) fn any_frozen(living: &[Member]) -> bool {
    living.iter().any(|member| member.state == State::Frozen)
}

/// The processes of a group. Those that have ended are left out, reaped or not: they hold nothing any more.
pub(super) fn living(group: i32) -> io::Result<Vec<Member>> {
    // A process that ends while the list is read is no error.
    Ok(all_processes()
        .map_err(io::Error::other)?
        .filter_map(|process| process.ok()?.stat().ok())
        .filter(|stat| stat.pgrp == group && !matches!(stat.state, 'Z' | 'X'))
        .map(|stat| Member::from(&stat))
        .collect())
}

/// The process with this id, also when it has ended but was not reaped.
pub(super) fn process(pid: i32) -> Option<Member> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    Some(Member::from(&stat))
}

/// When the process with this id started, in clock ticks since boot; none where there is no such process, or it has
/// ended and was only not reaped. Together with the id, it tells a process from every other one until the next boot.
pub fn start_ticks(pid: u32) -> Option<u64> {
    let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
}

/// Whether a process was started by a driver of the service `name`, itself or through an ancestor.
pub(super) fn is_marked(pid: i32, name: &str) -> bool {
    let environment = Process::new(pid).and_then(|process| process.environ());
    environment.is_ok_and(|variables| {
        variables
            .get(OsStr::new(MARK))
            .is_some_and(|value| value.as_os_str() == name)
    })
}

/// The environment variable that a driver gives to all it starts; its value is the service's name.
pub(super) const MARK: &str = "COMEBACK_SERVICE";

impl From<&Stat> for Member {
    fn from(stat: &Stat) -> Self {
        Member {
            pid: stat.pid,
            state: match stat.state {
                'T' => State::Frozen,
                'D' => State::Held,
                _ => State::Awake,
            },
            start_ticks: stat.starttime,
        }
    }
}
