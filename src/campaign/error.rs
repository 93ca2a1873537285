//! Why a campaign could not go on.

use std::io;
use std::path::{Path, PathBuf};

use crate::nemesis::NemesisError;
use crate::trace::TraceError;

/// A campaign that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The stack could not be brought up, reset or released.
    #[error(transparent)]
    Stack(#[from] NemesisError),
    /// A trace could not be written or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A file of the campaign could not be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// What a campaign remembers could not be written or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A world to simulate a trial in could not be made.
    #[error("cannot make a simulated world: {0}")]
    World(io::Error),
}

/// A file of a campaign that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

impl SaveError {
    /// The error of the system about a file or folder.
    pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| SaveError {
            path: path.to_owned(),
            source,
        }
    }
}

/// A campaign that cannot be resumed, or whose files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder does not belong to a campaign of random plans.
    #[error("{} has no campaign.json, so there is nothing to resume: is it the folder of a run of random plans?", .0.display())]
    NoCampaign(PathBuf),
    /// A file has invalid content.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The campaign has ended.
    #[error("{} came to its end; there is nothing to resume, and `comeback report` tells what it found", .0.display())]
    Ended(PathBuf),
    /// Another process is running it.
    #[error("{} is still under way, or is being resumed by somebody else", .0.display())]
    Busy(PathBuf),
    /// The stack, or what is asked of it, is not what it was.
    #[error("{}: {what} differs from what the campaign began with; begin a new one, or go back to the old settings", folder.display())]
    Differs {
        /// The campaign's folder.
        folder: PathBuf,
        /// What differs.
        what: &'static str,
    },
}

impl LedgerError {
    /// The error of the system about a file.
    pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| LedgerError::Io {
            path: path.to_owned(),
            source,
        }
    }
}
