//! How much may be spent on shrinking, as options say it.

use std::time::Duration;

use clap::Args;

use super::values::whole;
use crate::campaign::ShrinkBudget;
use crate::model::ceiling;

/// What may be spent on shrinking.
#[derive(Debug, Clone, Copy, Args)]
pub struct Budget {
    /// Upper bound on the executions that shrink one failure.
    #[arg(long, default_value_t = 600, value_name = "N", value_parser = whole(1..=u64::MAX))]
    shrink_runs: u64,
    /// Upper bound on the time for shrinking, such as 10m: all failures of a run together.
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = ceiling::duration)]
    shrink_for: Duration,
}

impl From<Budget> for ShrinkBudget {
    fn from(budget: Budget) -> Self {
        ShrinkBudget {
            runs: budget.shrink_runs,
            within: budget.shrink_for,
            shared: None,
        }
    }
}
