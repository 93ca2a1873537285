//! What came of undoing, from a lease alone, what a run that died left behind.

/// What there was to undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The service was as it should be.
    Nothing,
    /// It had to be undone, and was.
    Restored,
    /// The service is no longer there. If another one took its place, no run has touched that.
    Gone,
}
