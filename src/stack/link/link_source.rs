//! Where a backend's link comes from.

use std::path::PathBuf;

use crate::link::{LinkAddress, PathAddresses};

/// Where a backend's link comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkSource {
    /// comeback starts it.
    Started {
        /// The `comeback` program.
        program: PathBuf,
        /// Where it listens, and where each of these leads to.
        paths: Vec<PathAddresses>,
    },
    /// It runs already, and is controlled at this address.
    Running(LinkAddress),
}
