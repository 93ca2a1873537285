//! The program `comeback`.

use std::env;
use std::path::PathBuf;

/// The program `comeback`: this process's own, or, in a test that uses the library, the one that is
/// installed.
pub(super) fn program() -> Option<PathBuf> {
    let own = env::current_exe().ok();
    let own = own.filter(|own| own.file_stem().is_some_and(|name| name == "comeback"));
    own.or_else(installed)
}

/// The program `comeback`, where it is installed.
pub(super) fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut programs = env::split_paths(&path).map(|folder| folder.join("comeback"));
    programs.find(|program| program.is_file())
}
