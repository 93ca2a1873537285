//! The acting commands that a run has left running when it died.

use std::io;

use procfs::process::{Process, Stat};
use rustix::process::{Pid, Signal, kill_process_group};

use super::Driven;
use crate::stack::mark::{Mark, processes_with};

/// The environment variable of commands that act.
pub(super) const VARIABLE: &str = "COMEBACK_ACT";

/// The acts that commands do, as they are called in the variable's value.
const ACTS: [&str; 3] = ["start", "stop", "kill"];

/// The value of a command that does an act.
pub(super) fn value(mark: &Mark, act: &str) -> String {
    format!("{}:{act}", mark.as_str())
}

/// Whether a command that may end the service still runs; where the service does not run, also
/// whether one does that starts it. Where it does run, what a start has left running is the
/// service.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn is_any_running(driven: &Driven, service_runs: bool) -> io::Result<bool> {
    Ok(!commands(driven, service_runs)?.is_empty())
}

/// Kills the commands that [`is_any_running`] tells of, each with its process group. What has ended
/// just now is no error.
///
/// # Errors
/// When `/proc` cannot be read, or one may not be killed.
pub fn end_running(driven: &Driven, service_runs: bool) -> io::Result<()> {
    for command in commands(driven, service_runs)? {
        // It leads its group, so that it has the group's id.
        let Some(group) = Pid::from_raw(command.pid()) else {
            continue;
        };
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn commands(driven: &Driven, service_runs: bool) -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    let Some(mark) = &driven.mark else {
        return Ok(found);
    };
    for act in ACTS {
        if act != "start" || !service_runs {
            found.extend(processes_with(VARIABLE, &value(mark, act))?);
        }
    }
    found.retain(|process| process.stat().is_ok_and(|stat| is_command(&stat)));
    Ok(found)
}

/// Whether a process is the command itself. It leads a group in a session of somebody else's; a
/// daemon that it left behind leads no group, or has a session of its own.
fn is_command(stat: &Stat) -> bool {
    let has_ended = matches!(stat.state, 'Z' | 'X');
    stat.pid == stat.pgrp && stat.pid != stat.session && !has_ended
}
