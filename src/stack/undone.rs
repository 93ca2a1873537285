//! The result of undoing, from its lease, what a dead run left behind.

/// What had to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Nothing: the service was as it should be.
    Nothing,
    /// The service was restored.
    Restored,
    /// The service no longer exists. If another one took its place, no run has touched that.
    Gone,
}
