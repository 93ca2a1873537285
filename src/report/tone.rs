//! How a line should look.

/// How a line should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Something is wrong.
    Bad,
    /// Something has changed for the better.
    Good,
}
