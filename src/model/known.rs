//! Failures that were known before a campaign began.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reproduced, Signature};

/// A failure that was known before the campaign began, and was seen in it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// What makes it the same as another.
    pub signature: Signature,
    /// Whether a list says that it is put up with. If not, it makes the campaign violated.
    pub listed: bool,
    /// The saved trace that was replayed and fails still; none where only the list knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// How often that trace's plan failed now; none where there is no trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduced: Option<Reproduced>,
    /// In how many trials of the campaign it was seen, the replays of saved traces not counted.
    pub seen: u64,
}
