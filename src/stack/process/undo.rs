//! Ends what somebody else started and did not live to end.

use std::io;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::driver::KERNEL_PATIENCE;
use super::family::family;
use super::mark::{self, MARK, SERVICE};
use super::members::{self, Member, State};
use crate::stack::{DriverError, Undone};

/// How long to go on looking for marked processes after the last was seen. Between fork and exec a
/// child does not show its mark yet; that takes microseconds, and longer on a busy machine.
const QUIET: Duration = Duration::from_millis(300);

/// How long everything may take to stand still before it is killed nevertheless.
const STILL_WITHIN: Duration = Duration::from_millis(500);

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Ends the group of a [`Lease::ProcessGroup`](crate::stack::Lease::ProcessGroup) and all that
/// descends from it, frozen or not, and waits until all of it is gone.
///
/// Nothing else is ever touched: a process id may have been given to somebody new since. The leader
/// is known by the tick it started at. Where it is gone, the rest of its group is known by having
/// started later and by the name that the driver leaves in the environment of all it starts.
///
/// # Errors
/// When the group cannot be looked up, may not be signalled, or does not end.
pub async fn undo(pgid: i32, start_ticks: u64, name: &str) -> Result<Undone, DriverError> {
    // The groups 0 and 1 mean "my own" and "everybody" to the kernel; no service can be meant.
    if pgid <= 1 {
        return Ok(Undone::Nothing);
    }
    let find = || of_group(pgid, start_ticks, name);
    end(find, Duration::ZERO)
        .await
        .map_err(|error| failed(name, format!("end process group {pgid}"), &error))
}

/// Ends every process that carries the mark of a [`Lease::Marked`](crate::stack::Lease::Marked),
/// and all that descends from one, and waits until all of it is gone. A child that is just being
/// made is waited for.
///
/// # Errors
/// When the processes cannot be looked up, may not be signalled, or do not end.
pub async fn undo_marked(mark: &str, name: &str) -> Result<Undone, DriverError> {
    let find = || {
        let me = std::process::id() as i32;
        let is_root = |m: &Member| m.pid != me && mark::carries(m.pid, MARK, mark);
        Ok(family(&members::all()?, is_root))
    };
    end(find, QUIET)
        .await
        .map_err(|error| failed(name, "end its processes".to_owned(), &error))
}

/// Freezes and kills what is found until nothing has been found for a while.
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
                return Err(io::Error::other("it is still there"));
            }
            seen_at = Instant::now();
            undone = Undone::Restored;
            let is_still = living.iter().all(|member| member.state != State::Awake);
            // What stands still starts nothing that the kill would miss.
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

/// The processes of that very group that still live, and what descends from them.
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

fn failed(service: &str, act: String, error: &io::Error) -> DriverError {
    DriverError::Act {
        service: service.to_owned(),
        act,
        message: error.to_string(),
    }
}
