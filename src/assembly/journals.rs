//! Where journals are kept.

use std::env;
use std::path::PathBuf;

use super::AssemblyError;
use crate::nemesis::{Journal, Owner};
use crate::stack::process::start_ticks;

/// The folder of the journals: `$COMEBACK_STATE_DIR`, else `$XDG_STATE_HOME/comeback`, else
/// `~/.local/state/comeback`. It does not depend on the working folder, so that `comeback heal`
/// finds them from anywhere.
///
/// # Errors
/// When none of the three variables is set.
pub fn state_folder() -> Result<PathBuf, AssemblyError> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("COMEBACK_STATE_DIR")
        .or_else(|| set("XDG_STATE_HOME").map(|base| base.join("comeback")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/comeback")))
        .ok_or(AssemblyError::NoStateFolder)
}

/// Begins the journal of this process.
///
/// # Errors
/// When it cannot be written.
pub fn begin_journal() -> Result<Journal, AssemblyError> {
    let pid = std::process::id();
    let start_ticks = start_ticks(pid).ok_or(AssemblyError::NoProcess)?;
    Ok(Journal::begin(
        &state_folder()?,
        &Owner { pid, start_ticks },
    )?)
}

/// Whether the process that a journal belongs to is still there.
pub fn is_alive(owner: &Owner) -> bool {
    start_ticks(owner.pid) == Some(owner.start_ticks)
}
