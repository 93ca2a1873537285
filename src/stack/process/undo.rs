//! Ends the processes of a run that died.

use std::io;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::family::family;
use super::mark::{self, MARK, SERVICE};
use super::members::{self, Member, State};
use super::reach::KERNEL_PATIENCE;
use crate::stack::{DriverError, Undone};

/// How long to keep looking for marked processes after the last one was seen. A child does not show
/// its mark between fork and exec, which takes microseconds, or longer on a busy machine.
const QUIET: Duration = Duration::from_millis(300);

/// How long all processes may take to freeze before they are killed anyway.
const STILL_WITHIN: Duration = Duration::from_millis(500);

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Ends the group of a [`Lease::ProcessGroup`](crate::stack::Lease::ProcessGroup) and all its
/// descendants, frozen or not, and waits until they are gone.
///
/// It never touches other processes, although process ids are reused: the leader is identified by
/// its start. If the leader is gone, the rest of the group must have started later and have the
/// service's name in its environment.
///
/// # Errors
/// When the group cannot be read or signalled, or does not end.
pub async fn undo(pgid: i32, start_ticks: u64, name: &str) -> Result<Undone, DriverError> {
    // As arguments of `kill`, group 0 means our own group, and group 1 all processes. Neither can
    // be a service.
    if pgid <= 1 {
        return Ok(Undone::Nothing);
    }
    let find = || of_group(pgid, start_ticks, name);
    end(find, Duration::ZERO)
        .await
        .map_err(|error| DriverError::failed(name, format!("end process group {pgid}"), error))
}

/// Ends all processes with the mark of a [`Lease::Marked`](crate::stack::Lease::Marked) and all
/// their descendants, and waits until they are gone. Also catches a child that is just being
/// forked.
///
/// # Errors
/// When the processes cannot be read or signalled, or do not end.
pub async fn undo_marked(mark: &str, name: &str) -> Result<Undone, DriverError> {
    let find = || {
        let me = std::process::id() as i32;
        let is_root = |m: &Member| m.pid != me && mark::carries(m.pid, MARK, mark);
        Ok(family(&members::all()?, is_root))
    };
    end(find, QUIET)
        .await
        .map_err(|error| DriverError::failed(name, "end its processes", error))
}

/// Freezes and kills the processes that `find` returns, until it has returned none for `quiet`.
async fn end(find: impl Fn() -> io::Result<Vec<Member>>, quiet: Duration) -> io::Result<Undone> {
    let began = Instant::now();
    let mut seen_at = began;
    let mut undone = Undone::Nothing;
    loop {
        let living = find()?;
        if living.is_empty() {
            if seen_at.elapsed() >= quiet {
                return Ok(undone);
            }
        } else {
            if began.elapsed() > KERNEL_PATIENCE {
                return Err(io::Error::other("it is still running"));
            }
            seen_at = Instant::now();
            undone = Undone::Restored;
            let is_still = living.iter().all(|member| member.state != State::Awake);
            // Frozen processes cannot start others that the kill would miss.
            let signal = match is_still || began.elapsed() > STILL_WITHIN {
                true => Signal::KILL,
                false => Signal::STOP,
            };
            for member in &living {
                members::send(member, signal)?;
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The living processes of this group, if it is still the same one, and their descendants.
fn of_group(pgid: i32, start_ticks: u64, name: &str) -> io::Result<Vec<Member>> {
    let all = members::all()?;
    let group = all.iter().filter(|member| member.group == pgid);
    let is_ours = match members::process(pgid) {
        Some(leader) => leader.start_ticks == start_ticks,
        None => {
            let ours =
                |m: &Member| m.start_ticks >= start_ticks && mark::carries(m.pid, SERVICE, name);
            group.clone().all(ours)
        }
    };
    match is_ours {
        true => Ok(family(&all, |member| member.group == pgid)),
        false => Ok(Vec::new()),
    }
}
