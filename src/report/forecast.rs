//! How long a run may take, said before it begins.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{count, duration_ms};

/// How long a run may take. What the stack adds is not known before it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Forecast {
    /// How many trials there are; none where only time ends the run.
    pub trials: Option<u64>,
    /// How many of them run at once.
    pub jobs: u64,
    /// How long the steps of one plan take: the median of some of the plans.
    pub plan_ms: u64,
    /// For how long new trials are begun, if that is limited.
    pub at_most_ms: Option<u64>,
    /// How long failures may be shrunk, if they are.
    pub shrink_ms: Option<u64>,
}

impl Forecast {
    /// How long the steps of all plans take.
    fn all_ms(&self) -> Option<u64> {
        let rounds = self.trials?.div_ceil(self.jobs.max(1));
        Some(rounds.saturating_mul(self.plan_ms))
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trials {
            Some(trials) => write!(f, "{}", count(trials, "trial"))?,
            None => f.write_str("trials")?,
        }
        if let Some(ms) = self.at_most_ms {
            write!(f, " begun within {}", duration_ms(ms))?;
        }
        write!(f, ", about {} each", duration_ms(self.plan_ms))?;
        if let Some(ms) = self.all_ms().filter(|_| self.at_most_ms.is_none()) {
            write!(f, " and {} in all", duration_ms(ms))?;
        }
        f.write_str(" besides starts, restarts and recovery")?;
        if let Some(ms) = self.shrink_ms {
            write!(f, "; up to {} more if something fails", duration_ms(ms))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said_and_nothing_else() {
        let forecast = Forecast {
            trials: Some(100),
            jobs: 4,
            plan_ms: 12_000,
            at_most_ms: None,
            shrink_ms: Some(1_800_000),
        };
        assert_eq!(
            forecast.to_string(),
            "100 trials, about 12 s each and 5 min in all besides starts, restarts and recovery; \
             up to 30 min more if something fails"
        );
        let forecast = Forecast {
            trials: None,
            at_most_ms: Some(28_800_000),
            shrink_ms: None,
            ..forecast
        };
        assert_eq!(
            forecast.to_string(),
            "trials begun within 8 h, about 12 s each besides starts, restarts and recovery"
        );
    }
}
