//! Where a request comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{AFTER, BACKGROUND, BASELINE, PROBE, StepId};

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    #[serde(untagged)]
    Step(StepId),
}

impl Origin {
    /// Its name, as in a trace.
    pub fn name(&self) -> &str {
        match self {
            Origin::Baseline => BASELINE,
            Origin::Background => BACKGROUND,
            Origin::Probe => PROBE,
            Origin::After => AFTER,
            Origin::Step(step) => &step.0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_no_step_may_have() {
        let origins = [
            Origin::Baseline,
            Origin::Background,
            Origin::Probe,
            Origin::After,
        ];
        let names = origins.clone().map(|origin| origin.to_string());
        assert_eq!(names, [BASELINE, BACKGROUND, PROBE, AFTER]);
        let step = Origin::Step("b1".into());
        for origin in origins.into_iter().chain([step]) {
            let written = serde_json::to_value(&origin).unwrap();
            assert_eq!(written, origin.to_string());
            assert_eq!(serde_json::from_value::<Origin>(written).unwrap(), origin);
        }
    }
}
