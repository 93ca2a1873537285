//! What a request belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{AFTER, BACKGROUND, BASELINE, PROBE, StepId};

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
            Origin::Baseline => f.write_str(BASELINE),
            Origin::Background => f.write_str(BACKGROUND),
            Origin::Probe => f.write_str(PROBE),
            Origin::After => f.write_str(AFTER),
            Origin::Step(step) => step.fmt(f),
        }
    }
}

impl FromStr for Origin {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            BASELINE => Origin::Baseline,
            BACKGROUND => Origin::Background,
            PROBE => Origin::Probe,
            AFTER => Origin::After,
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
