//! Folders that options name.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Makes the folder that an option names, before anything is started: a run that cannot be saved is not begun.
///
/// # Errors
/// When it cannot be made; the option is named.
pub fn make(option: &str, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| {
        let folder = folder.display();
        format!("{option} {folder}: there is no such folder and it cannot be made; name another")
    })
}
