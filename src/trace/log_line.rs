//! A line of a service's log.

use super::Moment;

/// A line of a service's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// When it was read.
    pub moment: Moment,
    /// The service.
    pub service: &'a str,
    /// The line.
    pub line: &'a str,
}
