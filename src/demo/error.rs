//! Why the demo cannot be set up.

use std::io;

use crate::generator::SpaceError;
use crate::load::LoadError;

/// The demo cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No two ports are free.
    #[error("the demo finds no free port on 127.0.0.1: {0}")]
    Port(#[from] io::Error),
    /// Its own settings contradict each other.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// Its requests cannot be sent.
    #[error(transparent)]
    Load(#[from] LoadError),
}
