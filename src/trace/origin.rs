//! What a request belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::StepId;

/// What a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Origin {
    /// The burst before the plan.
    Baseline,
    /// The steady load behind the plan.
    Background,
    /// A probe that looks for sustained success.
    Probe,
    /// The burst after recovery, of the baseline's shape: what is measured in it can be compared.
    After,
    /// A burst of the plan.
    Step(StepId),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Baseline => f.write_str("baseline"),
            Origin::Background => f.write_str("background"),
            Origin::Probe => f.write_str("probe"),
            Origin::After => f.write_str("after"),
            Origin::Step(step) => step.fmt(f),
        }
    }
}

impl FromStr for Origin {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "baseline" => Origin::Baseline,
            "background" => Origin::Background,
            "probe" => Origin::Probe,
            "after" => Origin::After,
            step => Origin::Step(StepId(step.to_owned())),
        })
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.to_string()
    }
}

impl From<String> for Origin {
    fn from(text: String) -> Origin {
        let Ok(origin) = text.parse();
        origin
    }
}
