//! How a backend's log shows which requests it executed.

use serde::{Deserialize, Serialize};

/// Which lines of a backend's log show that it executed a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Executed {
    /// A regular expression in the `regex` crate's syntax, whose first group is the request's
    /// token.
    pub line: String,
    /// Whether a request that succeeded must also have been executed. Otherwise it is only checked
    /// that none is executed twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exactly_once: bool,
}
