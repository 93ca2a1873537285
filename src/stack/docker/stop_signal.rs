//! The signal that asks a container to end, and whether its first process ever gets it.

use std::fs;

use bollard::models::ContainerInspectResponse;
use procfs::process::{Process, Status};

use super::control_group::ControlGroup;

/// The signals that a container may be stopped by, and their numbers on Linux.
const SIGNALS: [(&str, u32); 6] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("USR1", 10),
    ("USR2", 12),
    ("TERM", 15),
];

/// The numbers of `rt_sigtimedwait` on x86, ARM, RISC-V, POWER and s390, 32 bits and 64. Another
/// call that has one of them elsewhere only costs the grace of a stop.
const WAITS_FOR_SIGNALS: [&str; 5] = ["128", "137", "176", "177", "421"];

/// The signal by which this container is stopped.
pub(super) fn of(found: &ContainerInspectResponse) -> String {
    let own = found.config.as_ref().and_then(|c| c.stop_signal.clone());
    own.filter(|signal| !signal.is_empty())
        .unwrap_or_else(|| "SIGTERM".to_owned())
}

/// Whether the kernel throws this signal away: the first process of a process namespace, which
/// every container has, gets only what it handles, and no other process is sent the signal. False
/// if the engine runs elsewhere, or anything else keeps it from being known. Reads files, so it
/// belongs on a blocking thread.
pub(super) fn is_ignored(found: &ContainerInspectResponse, signal: &str) -> bool {
    number(signal)
        .and_then(|signal| is_ignored_here(found, signal))
        .unwrap_or(false)
}

fn is_ignored_here(found: &ContainerInspectResponse, signal: u32) -> Option<bool> {
    let pid = i32::try_from(found.state.as_ref()?.pid?).ok()?;
    ControlGroup::of(pid, found.id.as_deref()?)?;
    let process = Process::new(pid).ok()?;
    let is_thrown_away = throws_away(&process.status().ok()?, signal);
    let threads = process.tasks().ok()?;
    let gets = threads.map(|thread| {
        let thread = thread.ok()?;
        let call = || fs::read_to_string(format!("/proc/{pid}/task/{}/syscall", thread.tid)).ok();
        let (before, status, after) = (call()?, thread.status().ok()?, call()?);
        Some(may_take(&status, signal) || waits(&before) || waits(&after))
    });
    let gets = gets.collect::<Option<Vec<bool>>>()?;
    Some(is_thrown_away && !gets.contains(&true))
}

/// Whether it is the first process of a namespace below ours, and does not handle the signal. One
/// that is traced gets every signal.
fn throws_away(status: &Status, signal: u32) -> bool {
    let ids = status.nspid.as_deref().unwrap_or_default();
    let is_first = ids.len() >= 2 && ids.last() == Some(&1);
    is_first && status.tracerpid == 0 && !holds(status.sigcgt, signal)
}

/// Whether a thread blocks the signal: the kernel keeps it then, and the thread may take it later.
fn may_take(thread: &Status, signal: u32) -> bool {
    holds(thread.sigblk, signal)
}

/// Whether a thread is in a system call that waits for signals. The kernel keeps those for it, but
/// does not show them as blocked meanwhile: so does `docker-init`, process 1 of `--init`.
fn waits(call: &str) -> bool {
    let number = call.split_whitespace().next();
    number.is_some_and(|number| WAITS_FOR_SIGNALS.contains(&number))
}

/// Whether a set of signals, as the kernel shows it, holds one.
fn holds(set: u64, signal: u32) -> bool {
    set >> (signal - 1) & 1 == 1
}

/// The number of a signal, from its name with or without `SIG`; none if it is not known.
fn number(name: &str) -> Option<u32> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let known = SIGNALS
        .iter()
        .find(|(known, number)| name == *known || name.parse() == Ok(*number));
    known.map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use procfs::FromRead;

    use super::*;

    const TERM: u32 = 15;

    /// This process, with some lines of its status changed.
    fn status(changes: &[(&str, &str)]) -> Status {
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        let lines = text.lines().map(|line| {
            let change = changes
                .iter()
                .find(|(key, _)| line.starts_with(&format!("{key}:")));
            change.map_or_else(
                || line.to_owned(),
                |(key, value)| format!("{key}:\t{value}"),
            )
        });
        let text: Vec<String> = lines.collect();
        Status::from_read(text.join("\n").as_bytes()).unwrap()
    }

    fn first(changes: &[(&str, &str)]) -> bool {
        let none = "0000000000000000";
        let mut all = changes.to_vec();
        all.extend([("NSpid", "4711\t1"), ("SigCgt", none), ("TracerPid", "0")]);
        throws_away(&status(&all), TERM)
    }

    #[test]
    fn the_first_process_of_a_container_gets_only_what_it_handles() {
        assert!(first(&[]));
        // Whether it also ignores the signal by itself makes no difference.
        assert!(first(&[("SigIgn", "0000000000004000")]));
        assert!(first(&[("SigCgt", "0000000000002002")]));
        assert!(!first(&[("SigCgt", "0000000000004000")]));
        assert!(!first(&[("TracerPid", "7")]));
        assert!(!first(&[("NSpid", "4711\t8")]));
        assert!(!first(&[("NSpid", "1")]));
    }

    #[test]
    fn a_thread_that_blocks_the_signal_or_waits_for_some_may_take_it() {
        let blocks = |set| may_take(&status(&[("SigBlk", set)]), TERM);
        assert!(blocks("0000000000004000"));
        assert!(!blocks("fffffffffffbbfff"));
        assert!(waits("128 0x7ffc0e 0x0 0x7ffc0e 0x8 0x0 0x0 0x7ffc 0x7f\n"));
        assert!(!waits("43 0x3 0x7ffc0e 0x7ffc0e 0x0 0x0 0x0 0x7ffc 0x7f\n"));
        assert!(!waits("running\n"));
    }

    #[test]
    fn signals_are_known_by_name_and_number() {
        for name in ["SIGTERM", "TERM", "sigterm", "15"] {
            assert_eq!(number(name), Some(TERM), "{name}");
        }
        assert_eq!((number("SIGQUIT"), number("SIGUSR2")), (Some(3), Some(12)));
        assert_eq!((number("SIGKILL"), number("SIGRTMIN+3")), (None, None));
    }

    #[test]
    fn of_a_container_elsewhere_nothing_is_known() {
        assert!(!is_ignored(&ContainerInspectResponse::default(), "SIGTERM"));
    }
}
