//! Files that get their names when they are complete: even if this process is killed, no partial
//! file has the name.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is not complete yet.
pub struct WholeFile {
    part: NamedTempFile,
    target: PathBuf,
}

impl WholeFile {
    /// Begins a file that will be created, or replace the one that is there. A link's target is
    /// replaced, not the link.
    ///
    /// # Errors
    /// When no file can be made in that folder.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Ok(WholeFile {
            part: part(folder.unwrap_or(Path::new(".")))?,
            target,
        })
    }

    /// The file, to be written.
    ///
    /// # Errors
    /// When this process may open no more files.
    pub fn file(&self) -> io::Result<File> {
        self.part.as_file().try_clone()
    }

    /// Waits until all that was written is on the disk: not even a power failure then takes both
    /// this file and the one that it replaces.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.part.as_file().sync_all()
    }

    /// Gives the complete file its name.
    ///
    /// # Errors
    /// When the system refuses; what was there before is still there then.
    pub fn finish(self) -> io::Result<()> {
        if let Ok(before) = self.target.metadata() {
            let file = self.part.as_file();
            file.set_permissions(before.permissions())?;
        }
        self.part.persist(&self.target)?;
        Ok(())
    }
}

/// Copies a file's content to a path; a file that is there is replaced.
///
/// # Errors
/// When one cannot be read or the other cannot be written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let whole = WholeFile::begin(to)?;
    io::copy(&mut File::open(from)?, &mut whole.file()?)?;
    whole.finish()
}

/// Copies a file's content into a folder under the first of these names that is free, and returns
/// the path.
///
/// # Errors
/// When one cannot be read or the other cannot be written, or no name is free.
pub fn copy_as_new(
    from: &Path,
    folder: &Path,
    names: impl IntoIterator<Item = String>,
) -> io::Result<PathBuf> {
    let mut part = part(folder)?;
    io::copy(&mut File::open(from)?, &mut part)?;
    for name in names {
        let path = folder.join(name);
        match part.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => part = taken.file,
            Err(failed) => return Err(failed.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn part(folder: &Path) -> io::Result<NamedTempFile> {
    // The process's umask applies, as to any other file.
    let permissions = Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".comeback-").permissions(permissions);
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_file_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "before").unwrap();
        let whole = WholeFile::begin(&path).unwrap();
        whole.file().unwrap().write_all(b"after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        drop(whole);
        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 1, "an unfinished file leaves nothing");
        let whole = WholeFile::begin(&path).unwrap();
        whole.file().unwrap().write_all(b"after").unwrap();
        whole.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::write(&from, "new").unwrap();
        fs::write(folder.path().join("a"), "old").unwrap();
        let names = ["a", "b"].map(str::to_owned);
        let path = copy_as_new(&from, folder.path(), names.clone()).unwrap();
        assert_eq!(path, folder.path().join("b"));
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
        let taken = copy_as_new(&from, folder.path(), names).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 3, "no part is left behind");
    }
}
