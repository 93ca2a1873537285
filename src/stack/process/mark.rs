//! The marks that a driver leaves in the environment of everything that it starts.
//!
//! A mark is journalled before the first spawn. So a process that comeback did not live to write
//! down is still found: by whoever heals, wherever in the process tree it is by then.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering};

use procfs::process::Process;

use super::members;

/// The variable that holds the service's name.
pub(super) const SERVICE: &str = "COMEBACK_SERVICE";

/// The variable that holds a driver's own mark.
pub(super) const MARK: &str = "COMEBACK_MARK";

/// Drivers of this process, so that no two have the same mark.
static DRIVERS: AtomicU64 = AtomicU64::new(0);

/// A mark that no other driver has had since this machine was booted.
pub(super) fn unique() -> String {
    let pid = std::process::id();
    let ticks = members::start_ticks(pid).unwrap_or_default();
    let nth = DRIVERS.fetch_add(1, Ordering::Relaxed);
    format!("{pid}-{ticks}-{nth}")
}

/// Whether a process has this variable with this value. It may have inherited it. False if its
/// environment may not be read, or if it has written its title over it, as nginx and the children
/// of PostgreSQL do: such a process is found as a descendant.
pub(super) fn carries(pid: i32, variable: &str, value: &str) -> bool {
    let environment = Process::new(pid).and_then(|process| process.environ());
    environment.is_ok_and(|variables| {
        variables
            .get(OsStr::new(variable))
            .is_some_and(|found| found.as_os_str() == value)
    })
}
