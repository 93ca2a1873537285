//! The files of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The traces or journals of a folder, by their name (`*.jsonl`), in order.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|name| name == "jsonl"));
    files.sort();
    Ok(files)
}
