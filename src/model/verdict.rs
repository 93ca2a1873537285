//! Verdicts: of an invariant, a trial, a campaign.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KindName, Signature};

/// The result of a check, of a trial and of a campaign.
///
/// When the checks of a trial are merged, the worst wins: the greatest in this order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was checked, and no violation was found.
    Holds,
    /// It is undecided: the environment or the harness failed, or too little was observed.
    Inconclusive,
    /// The trace proves a violation.
    Violated,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The result of one invariant on one trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The invariant's name, such as `no-hang`.
    pub invariant: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// A stable word for the way it was violated, such as `job-never-terminal`. It is part of the
    /// signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The request kind concerned, if it concerns only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// One sentence in plain words.
    pub message: String,
    /// Whether it holds only because there was nothing to judge; the message says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_judged: bool,
    /// The `seq` numbers of the events that prove it. The first is the event at which, in
    /// hindsight, things went wrong. It decides which of several violations is the primary one, and
    /// which fault is blamed. The others follow in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<u64>,
    /// What the invariant measured, if it measures something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
}

/// One thing that an invariant measured, whether or not it held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is, with its unit last: `first-success-ms`, `fds`, `memory-bytes`.
    pub name: String,
    /// The request kind concerned, if it concerns only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// The value; a lower bound if `at_least`.
    pub value: f64,
    /// Whether the trial ended before the value was reached.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

impl Finding {
    /// The same finding with its measurements.
    #[must_use]
    pub fn with_figures(self, figures: Vec<Figure>) -> Self {
        Finding { figures, ..self }
    }

    /// The invariant was checked, and no violation was found.
    pub fn holds(invariant: &str, message: impl Into<String>) -> Self {
        Self::undisputed(invariant, Verdict::Holds, message.into())
    }

    /// There was nothing that the invariant could judge.
    pub fn not_judged(invariant: &str, message: impl Into<String>) -> Self {
        Finding {
            not_judged: true,
            ..Self::holds(invariant, message)
        }
    }

    /// The invariant is undecided.
    pub fn inconclusive(invariant: &str, message: impl Into<String>) -> Self {
        Self::undisputed(invariant, Verdict::Inconclusive, message.into())
    }

    /// It looks violated, but a busy machine may be the cause. The reason is that of the violation.
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

    /// Whether it looks violated, but a busy machine may be the cause.
    pub fn is_doubted(&self) -> bool {
        self.verdict == Verdict::Inconclusive && self.reason.is_some()
    }

    /// The trace proves a violation: `went_wrong` is the event at which it happened, `proof` are
    /// the other events that prove it.
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
            reason: Some(reason.to_owned()),
            kind: kind.map(str::to_owned),
            evidence: proof,
            ..Self::undisputed(invariant, Verdict::Violated, message.into())
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

/// The result of a whole trial: every finding, merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The merged verdict.
    pub verdict: Verdict,
    /// The signature of the primary violation, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// One finding per invariant.
    pub findings: Vec<Finding>,
    /// Why the trial is inconclusive as a whole: how the environment or the harness failed.
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

    /// An exact value of no particular request kind.
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
    /// Why each invariant was not judged; an empty reason for one that was, but is undecided.
    pub fn why_not_judged(&self) -> BTreeMap<String, String> {
        let open = self.findings.iter();
        let open = open.filter(|f| f.not_judged || f.verdict == Verdict::Inconclusive);
        open.map(|finding| {
            let why = match finding.not_judged {
                true => finding.message.clone(),
                false => String::new(),
            };
            (finding.invariant.clone(), why)
        })
        .collect()
    }

    /// Whether this failure is the trial's primary one, perhaps under
    /// [another name](Signature::is_same_failure).
    pub fn shows(&self, failure: &Signature) -> bool {
        let found = self.signature.as_ref();
        self.verdict == Verdict::Violated
            && found.is_some_and(|found| found.is_same_failure(failure))
    }

    /// The finding that the signature was made from.
    pub fn primary(&self) -> Option<&Finding> {
        let signature = self.signature.as_ref()?;
        let mut findings = self.findings.iter();
        findings.find(|f| f.invariant == signature.invariant && f.verdict == Verdict::Violated)
    }

    /// Whether the trial is inconclusive only because a busy machine may have caused a failure.
    pub fn is_doubted(&self) -> bool {
        let decides = self.verdict == Verdict::Inconclusive && self.inconclusive.is_none();
        decides && self.findings.iter().any(Finding::is_doubted)
    }

    /// Why it is inconclusive: the trial's own reason, or else the first undecided invariant's
    /// message.
    pub fn reason(&self) -> String {
        let mut findings = self.findings.iter();
        let undecided = findings.find(|f| f.verdict == Verdict::Inconclusive);
        let finding = undecided.map(|f| format!("{}: {}", f.invariant, f.message));
        self.inconclusive.clone().or(finding).unwrap_or_default()
    }
}
