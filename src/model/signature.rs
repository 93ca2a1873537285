//! What makes two failures the same.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a failure: `v1/invariant/request kind or -/reason/fault kind`.
///
/// One bug can have several names: which request kind it hits first, which fault struck last, and
/// whether success came late or never is often chance. So [the same
/// failure](Signature::is_same_failure) is decided by less than the whole name.
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

/// Reasons that one bug may cause. Whether success came late or never depends only on how long the
/// harness waited; a loop without a pause shows in the log or in the processor time.
const FAMILIES: [&[&str]; 4] = [
    &["never-recovered", "not-sustained", "recovered-late"],
    &["job-never-terminal", "job-late"],
    &["exchange-unanswered", "exchange-late"],
    &["log-flood", "busy-at-rest"],
];

/// A text that is not a signature of a known version.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no signature: expected v1/INVARIANT/KIND/REASON/FAULT")]
pub struct SignatureError(String);

impl Signature {
    fn parts(&self) -> [&str; 4] {
        [&self.invariant, &self.kind, &self.reason, &self.fault]
    }

    /// Whether this, read as a pattern, matches a signature. `*` matches any part.
    pub fn covers(&self, other: &Signature) -> bool {
        let mut parts = self.parts().into_iter().zip(other.parts());
        parts.all(|(pattern, part)| pattern == "*" || pattern == part)
    }

    /// Whether two names are those of one failure: the same invariant, violated for a reason of the
    /// same family. The request kind and the fault kind may differ; they change while a plan is
    /// shrunk.
    pub fn is_same_failure(&self, other: &Signature) -> bool {
        let is_family = |family: &&[&str]| {
            family.contains(&self.reason.as_str()) && family.contains(&other.reason.as_str())
        };
        self.invariant == other.invariant
            && (self.reason == other.reason || FAMILIES.iter().any(is_family))
    }

    /// A name for files: the parts joined by `-`, with special characters replaced.
    pub fn slug(&self) -> String {
        let parts = self.parts().into_iter().filter(|part| *part != "-");
        let text = parts.collect::<Vec<_>>().join("-");
        text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [invariant, kind, reason, fault] = self.parts();
        // A kind's name may contain a slash (`POST /request`), which separates the parts here.
        let kind = kind.replace('/', "%2F");
        write!(f, "v1/{invariant}/{kind}/{reason}/{fault}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part() {
        let failure: Signature = "v1/no-hang/GET %2Fa/job-never-terminal/rapid"
            .parse()
            .unwrap();
        let covers = |pattern: &str| pattern.parse::<Signature>().unwrap().covers(&failure);
        assert!(covers("v1/no-hang/GET %2Fa/job-never-terminal/rapid"));
        assert!(covers("v1/no-hang/*/job-never-terminal/*"));
        assert!(covers("v1/*/*/*/*"));
        assert!(!covers("v1/no-hang/*/job-never-terminal/kill"));
        assert!(!covers("v1/recovers/*/*/*"));
    }

    fn is_same(one: &str, other: &str) -> bool {
        let name = |text: &str| -> Signature { format!("v1/{text}").parse().unwrap() };
        name(one).is_same_failure(&name(other))
    }

    #[test]
    fn kinds_and_how_late_it_was_make_no_other_failure() {
        let never = "recovers/job/never-recovered/rapid";
        assert!(is_same(never, "recovers/job/never-recovered/kill"));
        assert!(is_same(never, "recovers/sync/recovered-late/-"));
        assert!(is_same(
            "no-hang/job/job-late/kill",
            "no-hang/job/job-never-terminal/stop"
        ));
    }

    #[test]
    fn another_invariant_or_another_reason_makes_another_failure() {
        let stuck = "no-hang/job/job-never-terminal/kill";
        assert!(!is_same(stuck, "no-hang/job/exchange-unanswered/kill"));
        assert!(!is_same(stuck, "recovers/job/never-recovered/kill"));
        assert!(!is_same(
            "accounting/job/lost-job/kill",
            "accounting/job/crossed-answer/kill"
        ));
    }
}
