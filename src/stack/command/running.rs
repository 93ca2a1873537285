//! Finds and ends the commands that a dead run has left running.

use std::io;

use procfs::process::{Process, Stat};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Driven, Mark};
use crate::stack::mark::processes_with;

/// The environment variable that marks commands that act.
pub(super) const VARIABLE: &str = "COMEBACK_ACT";

/// The acts of commands, as in the variable's value.
const ACTS: [&str; 3] = ["start", "stop", "kill"];

/// The variable's value for a command that does this act.
pub(super) fn value(mark: &Mark, act: &str) -> String {
    format!("{}:{act}", mark.as_str())
}

/// Whether a command that ends the service is still running or, if the service is not running, one
/// that starts it. (If the service is running, what a start command left behind is the service.)
///
/// # Errors
/// When `/proc` cannot be read.
pub fn is_any_running(driven: &Driven, service_runs: bool) -> io::Result<bool> {
    Ok(!commands(driven, service_runs)?.is_empty())
}

/// Kills the commands that [`is_any_running`] finds, each with its process group. No error if one
/// has just ended.
///
/// # Errors
/// When `/proc` cannot be read, or a command cannot be killed.
pub fn end_running(driven: &Driven, service_runs: bool) -> io::Result<()> {
    for command in commands(driven, service_runs)? {
        // It leads its group, so its process id is the group's id.
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

/// Whether a process is the command itself, and not a daemon that it left behind. The command leads
/// its group in a session that it does not lead; a daemon leads no group, or leads its own session.
fn is_command(stat: &Stat) -> bool {
    let has_ended = matches!(stat.state, 'Z' | 'X');
    stat.pid == stat.pgrp && stat.pid != stat.session && !has_ended
}
