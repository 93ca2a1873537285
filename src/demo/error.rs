//! Why there is no demo.

use std::io;

use crate::generator::SpaceError;
use crate::load::LoadError;

/// The demo cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It needs two ports.
    #[error("the demo finds no free port on 127.0.0.1: {0}")]
    Port(#[from] io::Error),
    /// Its own settings contradict each other.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// No requests can be sent to it.
    #[error(transparent)]
    Load(#[from] LoadError),
}
