//! Failures that were known before a campaign began.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reproduced, Signature};

/// A failure that was known before the campaign began, and occurred in it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The failure's identity.
    pub signature: Signature,
    /// Whether a list accepts it. If not, it makes the campaign violated.
    pub listed: bool,
    /// The saved trace that was replayed and still fails; none if only the list knows the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// How often that trace's plan failed this time; none if there is no trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduced: Option<Reproduced>,
    /// In how many trials of the campaign it occurred, not counting replays of saved traces.
    pub seen: u64,
}
