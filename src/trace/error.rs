//! Why a trace cannot be written or read.

use std::io;
use std::path::{Path, PathBuf};

use super::FORMAT_VERSION;

/// A trace that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened, read or written.
    #[error("the trace {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no trace.
    #[error("{}: line {line}: {message}; is this a comeback trace?", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The file was written by a later version.
    #[error(
        "{}: this trace has format version {found}, and this comeback reads up to {FORMAT_VERSION}: \
         it was written by comeback {by}; use that version or a later one", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// Who wrote it.
        by: String,
    },
    /// The file ends before the plan.
    #[error(
        "{}: it ends before its plan, so nothing in it can be used; is this a comeback trace?", path.display()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
    },
}

impl TraceError {
    /// What the system said of a trace's file.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| TraceError::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// What to do about a trace that cannot be read, in a few words.
    pub fn remedy(&self) -> &'static str {
        match self {
            TraceError::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path",
                io::ErrorKind::PermissionDenied => "make it readable for this user",
                io::ErrorKind::IsADirectory => "name the traces in it, such as FOLDER/*.jsonl",
                _ => "leave the file out, or copy it from where it can be read",
            },
            TraceError::Malformed { .. } => "correct that line, or leave the file out",
            TraceError::Newer { .. } => "or leave the file out",
            TraceError::TooShort { .. } => "leave the file out",
        }
    }
}
