//! What makes two failures the same.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What makes two failures the same: `v1/invariant/request kind or -/reason/fault kind`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct Signature {
    /// The invariant's name.
    pub invariant: String,
    /// The request kind concerned, or `-`.
    pub kind: String,
    /// The stable word for the way it was violated.
    pub reason: String,
    /// The kind of the fault whose intent last preceded the evidence, or `-` where there was none.
    pub fault: String,
}

/// A text that is no signature of a version known here.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no signature: expected v1/INVARIANT/KIND/REASON/FAULT")]
pub struct SignatureError(String);

impl Signature {
    /// A name for files: the parts joined by `-`, with every odd character replaced.
    pub fn slug(&self) -> String {
        [&self.invariant, &self.kind, &self.reason, &self.fault]
            .map(|part| part.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_"))
            .into_iter()
            .filter(|part| part != "-")
            .collect::<Vec<_>>()
            .join("-")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A kind's name may hold a slash (`POST /request`); it is written so that the parts stay five.
        let kind = self.kind.replace('/', "%2F");
        write!(
            f,
            "v1/{}/{}/{}/{}",
            self.invariant, kind, self.reason, self.fault
        )
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        match text.split('/').collect::<Vec<_>>()[..] {
            ["v1", invariant, kind, reason, fault] => Ok(Signature {
                invariant: invariant.to_owned(),
                kind: kind.replace("%2F", "/"),
                reason: reason.to_owned(),
                fault: fault.to_owned(),
            }),
            _ => Err(SignatureError(text.to_owned())),
        }
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> String {
        signature.to_string()
    }
}

impl TryFrom<String> for Signature {
    type Error = SignatureError;

    fn try_from(text: String) -> Result<Self, SignatureError> {
        text.parse()
    }
}
