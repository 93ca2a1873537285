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
    /// Upper bound on the time for shrinking, such as 10m: all failures of a run together [default:
    /// 30m; 1m when a demo that is not simulated is run].
    #[arg(long, value_name = "TIME", value_parser = ceiling::duration)]
    shrink_for: Option<Duration>,
}

/// The time for shrinking if nobody says how much.
const USUAL: Duration = Duration::from_mins(30);

/// The same for the demo: whoever tries it wants to see what comes out.
const OF_DEMO: Duration = Duration::from_mins(1);

impl Budget {
    /// The budget for any failure but a live demo's.
    pub fn usual(self) -> ShrinkBudget {
        self.within(USUAL)
    }

    /// The budget for failures of a live demo.
    pub fn of_demo(self) -> ShrinkBudget {
        self.within(OF_DEMO)
    }

    fn within(self, unless_said: Duration) -> ShrinkBudget {
        ShrinkBudget {
            runs: self.shrink_runs,
            within: self.shrink_for.unwrap_or(unless_said),
            shared: None,
        }
    }
}
