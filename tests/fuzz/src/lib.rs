//! What the fuzz targets share. The targets themselves are in `src/bin`, one file each.

pub mod json_lines;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

/// A folder of this process. Nothing removes it at the end of a run, because libFuzzer ends without destructors: `.ci/fuzz`
/// puts it below `target`, and removes it there.
static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("there is a folder for temporary files"));

/// The folder in which a target may keep files while it tries an input.
pub fn folder() -> &'static Path {
    FOLDER.path()
}

/// Writes a file of that name into the folder, for what reads paths and no bytes.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("the folder takes files");
    path
}
