//! Why there is no report.

use std::io;
use std::path::{Path, PathBuf};

use crate::latency::LatencyLogError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The summary is invalid.
    #[error("{}: {error}; is this the folder of a run, and of this version or an older one?", path.display())]
    Summary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The latencies cannot be read.
    #[error("{}: {error}; remove the file to do without its plots", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: LatencyLogError,
    },
}

impl ReportError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        ReportError::Read {
            path: path.to_owned(),
            source,
        }
    }
}
