//! One thing of a request that does not add up.

use crate::trace::Request;

/// What does not add up.
pub(super) struct Flaw<'v, 'a> {
    /// The event that shows it.
    pub seq: u64,
    /// Its name, as in signatures.
    pub reason: &'static str,
    /// The request that it is about.
    pub request: &'v Request<'a>,
    /// What happened to the request, as the rest of a sentence.
    pub words: String,
    /// An earlier event that is needed to see it, besides the sending.
    pub earlier: Option<u64>,
}
