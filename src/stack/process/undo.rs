//! Ends a process group that somebody else started and did not live to end.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use super::KERNEL_PATIENCE;
use super::members::{self, Member};
use crate::stack::DriverError;

/// What [`undo`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The group was there, and has been ended.
    Ended,
    /// Nothing was left of it.
    NothingLeft,
}

/// Ends the group of a [`Lease::ProcessGroup`](crate::stack::Lease::ProcessGroup), frozen or not, and waits until all of it is gone.
///
/// Nothing else is ever touched: a process id may have been given to somebody new since. The leader is known by the tick it
/// started at. Where it is gone, the rest of its group is known by having started later and by the mark
/// that the driver leaves in the environment of all it starts.
///
/// # Errors
/// When the group cannot be looked up, may not be signalled, or does not end.
pub async fn undo(pgid: i32, start_ticks: u64, name: &str) -> Result<Undone, DriverError> {
    let failed = |message: String| DriverError::Act {
        service: name.to_owned(),
        act: format!("end process group {pgid}"),
        message,
    };
    // The groups 0 and 1 mean "my own" and "everybody" to the kernel; no service can be meant.
    let Some(group) = Pid::from_raw(pgid).filter(|_| pgid > 1) else {
        return Ok(Undone::NothingLeft);
    };
    let deadline = Instant::now() + KERNEL_PATIENCE;
    let mut undone = Undone::NothingLeft;
    while is_left(pgid, start_ticks, name).map_err(|error| failed(error.to_string()))? {
        undone = Undone::Ended;
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(failed(io::Error::from(error).to_string())),
        }
        if Instant::now() > deadline {
            return Err(failed("it is still there".to_owned()));
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(undone)
}

/// Whether a process of that very group still lives.
fn is_left(pgid: i32, start_ticks: u64, name: &str) -> io::Result<bool> {
    let living = members::living(pgid)?;
    Ok(match members::process(pgid) {
        Some(leader) => leader.start_ticks == start_ticks && !living.is_empty(),
        None => {
            let ours = |m: &Member| m.start_ticks >= start_ticks && members::is_marked(m.pid, name);
            !living.is_empty() && living.iter().all(ours)
        }
    })
}
