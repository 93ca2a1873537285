//! Where journals are kept, and the reaper that reads one when its owner has died.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::nemesis::{Journal, Owner};
use crate::stack::process::start_ticks;

/// The folder of the journals: `$COMEBACK_STATE_DIR`, else `$XDG_STATE_HOME/comeback`, else `~/.local/state/comeback`.
/// It does not depend on the working folder, so that `comeback heal` finds them from anywhere.
///
/// # Errors
/// When none of the three variables is set.
pub fn folder() -> anyhow::Result<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("COMEBACK_STATE_DIR")
        .or_else(|| set("XDG_STATE_HOME").map(|base| base.join("comeback")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/comeback")))
        .context("no place to keep a journal: set COMEBACK_STATE_DIR to a folder")
}

/// Begins the journal of this process.
///
/// # Errors
/// When it cannot be written.
pub fn begin() -> anyhow::Result<Journal> {
    let pid = std::process::id();
    let start_ticks = start_ticks(pid).context("/proc does not tell about this process")?;
    Ok(Journal::begin(&folder()?, &Owner { pid, start_ticks })?)
}

/// Whether the process that a journal belongs to is still there.
pub fn is_alive(owner: &Owner) -> bool {
    start_ticks(owner.pid) == Some(owner.start_ticks)
}

/// A process that heals what this one leaves behind if it is killed. It notices by the end of its standard input, which
/// this process holds open for as long as it lives.
#[derive(Debug)]
pub struct Reaper {
    _child: Child,
}

impl Reaper {
    /// Starts the reaper of a journal.
    ///
    /// # Errors
    /// When this program cannot be started again.
    pub fn start(journal: &Path) -> anyhow::Result<Self> {
        use std::os::unix::process::CommandExt;
        let child = Command::new(env::current_exe()?)
            .args(["heal", "--quiet", "--when-input-ends", "--journal"])
            .arg(journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // In a group of its own, so that Ctrl-C in the terminal does not reach it.
            .process_group(0)
            .spawn()
            .context("cannot start the reaper")?;
        Ok(Reaper { _child: child })
    }
}
