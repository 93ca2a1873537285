//! Where a request comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{AFTER, BACKGROUND, BASELINE, PROBE, StepId};

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Origin {
    /// The burst before the plan.
    Baseline,
    /// The steady load behind the plan.
    Background,
    /// A probe for sustained success.
    Probe,
    /// The burst after recovery, which has the baseline's shape so that both can be compared.
    After,
    /// A burst of the plan.
    Step(StepId),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Baseline => f.write_str(BASELINE),
            Origin::Background => f.write_str(BACKGROUND),
            Origin::Probe => f.write_str(PROBE),
            Origin::After => f.write_str(AFTER),
            Origin::Step(step) => step.fmt(f),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.to_string()
    }
}

impl From<String> for Origin {
    fn from(text: String) -> Origin {
        match text.as_str() {
            BASELINE => Origin::Baseline,
            BACKGROUND => Origin::Background,
            PROBE => Origin::Probe,
            AFTER => Origin::After,
            _ => Origin::Step(StepId(text)),
        }
    }
}
