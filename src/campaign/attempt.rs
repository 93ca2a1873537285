//! One execution of a plan.

use std::path::Path;

use crate::model::Plan;

/// After this many inconclusive executions in a row, the environment counts as broken.
pub(super) const MOST_INCONCLUSIVE: usize = 9;

/// One execution of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What is executed.
    pub plan: &'a Plan,
    /// Which execution of this plan it is, from 0: in a simulated world, chance differs in each.
    pub nth: u64,
    /// How many trials the stack has been through since its last reset.
    pub trials_since_reset: u64,
    /// Whether it may end as soon as its verdict is sure, even if it is not known yet whether the
    /// API recovers.
    pub in_haste: bool,
    /// Where the trace is written; nowhere if there is no path.
    pub path: Option<&'a Path>,
}

impl<'a> Attempt<'a> {
    /// The first execution of a plan, on a fresh stack, without a file.
    pub fn of(plan: &'a Plan) -> Self {
        Attempt {
            plan,
            nth: 0,
            trials_since_reset: 0,
            in_haste: false,
            path: None,
        }
    }
}
