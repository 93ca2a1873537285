//! Folders and files that options name.
//!
//! A run says in many places where its files are: in summary.json, in its ledger, in reports. These
//! places are texts. A name that is no text would therefore fail at the very end, and lose what was
//! found; so it is refused at once.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// Makes the folder that an option names, before anything is started: a run that cannot be saved is
/// not begun.
///
/// # Errors
/// When its name is no text, or it cannot be made; the option is named.
pub fn make(option: &str, folder: &Path) -> anyhow::Result<()> {
    require_text(option, folder)?;
    fs::create_dir_all(folder).with_context(|| {
        let folder = folder.display();
        format!("{option} {folder}: there is no such folder and it cannot be made; name another")
    })
}

/// Refuses a path that is no text.
///
/// # Errors
/// When it is none; the option is named.
pub fn require_text(option: &str, path: &Path) -> anyhow::Result<()> {
    if path.to_str().is_none() {
        let path = path.display();
        bail!("{option} {path}: the name is no UTF-8 text; rename it, or name another");
    }
    Ok(())
}
