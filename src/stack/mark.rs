//! A mark in the environment of processes that comeback starts. It finds them when their process
//! ids are unknown.
//!
//! A mark is written to the journal before the process exists, so `comeback heal` finds the process
//! even if comeback dies in between.

use std::ffi::OsStr;
use std::io;

use procfs::process::{Process, all_processes};
use serde::{Deserialize, Serialize};

/// A unique value for an environment variable. Other processes have it only by inheritance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(String);

impl Mark {
    /// A new mark with 128 random bits.
    pub fn unique() -> Self {
        let half = || fastrand::u64(..);
        Mark(format!("{:016x}{:016x}", half(), half()))
    }

    /// The value itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The living processes in whose environment a variable has this value. Other users' processes are
/// not visible.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn processes_with(variable: &str, value: &str) -> io::Result<Vec<Process>> {
    let has_it = |process: &Process| {
        let environment = process.environ().unwrap_or_default();
        let found = environment.get(OsStr::new(variable));
        found.is_some_and(|found| found.as_os_str() == value)
    };
    Ok(all_processes()
        .map_err(io::Error::other)?
        // A process that ends while the list is read is no error.
        .filter_map(Result::ok)
        .filter(has_it)
        .collect())
}
