//! What the API's log is expected to contain.

use serde::{Deserialize, Serialize};

/// What the API's log is expected to contain, as regular expressions in the `regex` crate's syntax.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogPatterns {
    /// A line saying that the broken connection was detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<String>,
    /// A line saying that the API has reconnected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnected: Option<String>,
    /// Lines that must never appear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
}

impl LogPatterns {
    /// All patterns.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let required = self.detected.iter().chain(&self.reconnected);
        required.chain(&self.forbidden).map(String::as_str)
    }

    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}
