//! The marks that a driver sets in the environment of everything that it starts.
//!
//! A mark is written to the journal before the first spawn. So `comeback heal` finds a process that
//! was not yet in the journal when comeback died, wherever it is in the process tree.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering};

use procfs::process::Process;

use super::members;

/// The variable that holds the service's name.
pub(super) const SERVICE: &str = "COMEBACK_SERVICE";

/// The variable that holds the driver's mark.
pub(super) const MARK: &str = "COMEBACK_MARK";

/// The number of drivers so far in this process, so that no two have the same mark.
static DRIVERS: AtomicU64 = AtomicU64::new(0);

/// A mark that no other driver has used since boot.
pub(super) fn unique() -> String {
    let pid = std::process::id();
    let ticks = members::start_ticks(pid).unwrap_or_default();
    let nth = DRIVERS.fetch_add(1, Ordering::Relaxed);
    format!("{pid}-{ticks}-{nth}")
}

/// Whether an environment variable of a process has this value, set or inherited. False if the
/// environment is unreadable or overwritten by a process title, as in nginx and the children of
/// PostgreSQL. Such processes are found as descendants.
pub(super) fn carries(pid: i32, variable: &str, value: &str) -> bool {
    let environment = Process::new(pid).and_then(|process| process.environ());
    environment.is_ok_and(|variables| {
        variables
            .get(OsStr::new(variable))
            .is_some_and(|found| found.as_os_str() == value)
    })
}
