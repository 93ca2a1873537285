//! What the API's log is expected to show.

use serde::{Deserialize, Serialize};

/// What the API's log is expected to show, as regular expressions in the `regex` crate's syntax.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogPatterns {
    /// A line that says that the broken connection was detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<String>,
    /// A line that says that the API has connected again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnected: Option<String>,
    /// Lines that must never show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
}

impl LogPatterns {
    /// Every pattern there is.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let required = self.detected.iter().chain(&self.reconnected);
        required.chain(&self.forbidden).map(String::as_str)
    }

    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}
