//! What is said of a trial.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KindName, Signature};

/// The three-valued answer of a check, of a trial and of a campaign.
///
/// The order is that of merging the checks of one trial: the worst wins.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The invariant was checked and nothing spoke against it.
    Holds,
    /// It could not be decided: the environment or the harness failed, or too little was observed.
    Inconclusive,
    /// The trace proves a violation.
    Violated,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Violated => "violated",
        })
    }
}

/// What one invariant says about one trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The invariant's name, such as `no-hang`.
    pub invariant: String,
    /// Its answer.
    pub verdict: Verdict,
    /// A stable word for the way it was violated, such as `job-never-terminal`. It is part of the
    /// signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The request kind concerned, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// One sentence in plain words.
    pub message: String,
    /// Whether there was nothing to judge, as the message says: it holds for want of a case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_judged: bool,
    /// The `seq` numbers of the events that prove it. The first is the moment at which, seen in
    /// hindsight, things went wrong; it decides which of several violations is the primary one, and
    /// which fault it is laid to. The others follow in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<u64>,
    /// What was measured, where the invariant measures something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
}

/// One thing that an invariant measured, whether or not it held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is, with its unit last: `first-success-ms`, `fds`, `memory-bytes`.
    pub name: String,
    /// The request kind concerned, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// The value; where `at_least`, only known not to be less.
    pub value: f64,
    /// Whether it is a lower bound only: the trial ended first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

impl Finding {
    /// The same with what was measured.
    #[must_use]
    pub fn with_figures(self, figures: Vec<Figure>) -> Self {
        Finding { figures, ..self }
    }

    /// The invariant was checked and nothing spoke against it.
    pub fn holds(invariant: &str, message: impl Into<String>) -> Self {
        Self::undisputed(invariant, Verdict::Holds, message.into())
    }

    /// There was nothing that the invariant could have judged.
    pub fn not_judged(invariant: &str, message: impl Into<String>) -> Self {
        Finding {
            not_judged: true,
            ..Self::holds(invariant, message)
        }
    }

    /// The invariant could not be decided.
    pub fn inconclusive(invariant: &str, message: impl Into<String>) -> Self {
        Self::undisputed(invariant, Verdict::Inconclusive, message.into())
    }

    /// It looks violated, and the machine may have been why. The reason is that of the violation it
    /// would be.
    pub fn doubted(
        invariant: &str,
        reason: &str,
        kind: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Finding {
            reason: Some(reason.to_owned()),
            kind: kind.map(str::to_owned),
            ..Self::inconclusive(invariant, message)
        }
    }

    /// Whether it looks violated, and the machine may have been why.
    pub fn is_doubted(&self) -> bool {
        self.verdict == Verdict::Inconclusive && self.reason.is_some()
    }

    /// The trace proves that the invariant was violated: first the event at which it went wrong,
    /// then the others that prove it.
    pub fn violated(
        invariant: &str,
        reason: &str,
        kind: Option<&str>,
        message: impl Into<String>,
        went_wrong: u64,
        mut proof: Vec<u64>,
    ) -> Self {
        proof.retain(|seq| *seq != went_wrong);
        proof.sort_unstable();
        proof.dedup();
        proof.insert(0, went_wrong);
        Finding {
            invariant: invariant.to_owned(),
            verdict: Verdict::Violated,
            reason: Some(reason.to_owned()),
            kind: kind.map(str::to_owned),
            message: message.into(),
            not_judged: false,
            evidence: proof,
            figures: Vec::new(),
        }
    }

    fn undisputed(invariant: &str, verdict: Verdict, message: String) -> Self {
        Finding {
            invariant: invariant.to_owned(),
            verdict,
            reason: None,
            kind: None,
            message,
            not_judged: false,
            evidence: Vec::new(),
            figures: Vec::new(),
        }
    }
}

/// What is said of a whole trial: every finding, merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The merged verdict.
    pub verdict: Verdict,
    /// The signature of the primary violation, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// One finding per invariant.
    pub findings: Vec<Finding>,
    /// Why the trial is inconclusive as a whole, where the environment or the harness failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<String>,
}

impl Figure {
    /// From backend-ready to a request kind's first success, in milliseconds.
    pub const FIRST_SUCCESS: &str = "first-success-ms";
    /// From backend-ready until a request kind's success is sustained, in milliseconds.
    pub const SUSTAINED_SUCCESS: &str = "sustained-success-ms";

    /// How often the backend was restarted while nobody used the API.
    pub const IDLE_RESTARTS: &str = "idle-restarts";
    /// How often the first request after such a restart failed, though the API recovered.
    pub const FIRST_CALL_FAILED: &str = "first-call-failed";

    /// A value that was measured.
    pub fn new(name: &str, value: f64) -> Self {
        Figure {
            name: name.to_owned(),
            kind: None,
            value,
            at_least: false,
        }
    }
}

impl Judgement {
    /// Whether the trial shows this failure as its primary one, perhaps under
    /// [another name](Signature::is_same_failure).
    pub fn shows(&self, failure: &Signature) -> bool {
        let found = self.signature.as_ref();
        self.verdict == Verdict::Violated
            && found.is_some_and(|found| found.is_same_failure(failure))
    }

    /// The finding that the signature was made from.
    pub fn primary(&self) -> Option<&Finding> {
        let signature = self.signature.as_ref()?;
        self.findings
            .iter()
            .find(|f| f.invariant == signature.invariant && f.verdict == Verdict::Violated)
    }

    /// Whether the trial is inconclusive only because the machine may have been why something
    /// failed.
    pub fn is_doubted(&self) -> bool {
        let decides = self.verdict == Verdict::Inconclusive && self.inconclusive.is_none();
        decides && self.findings.iter().any(Finding::is_doubted)
    }

    /// Why it is inconclusive: the trial's own reason, else the first undecided invariant's words.
    pub fn reason(&self) -> String {
        let undecided = self
            .findings
            .iter()
            .find(|f| f.verdict == Verdict::Inconclusive);
        let finding = undecided.map(|f| format!("{}: {}", f.invariant, f.message));
        self.inconclusive.clone().or(finding).unwrap_or_default()
    }
}
