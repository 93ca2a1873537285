//! A shrunk failure on the terminal.

use std::path::Path;

use crate::model::{Explanation, Plan, ShrinkHistory, count};

/// What is left of a failure, what it took, and where it is saved. `is_shown` tells whether it showed again at all.
pub fn shrunk(
    trace: &Path,
    history: &ShrinkHistory,
    explanation: &Explanation,
    plan: &Plan,
    is_shown: bool,
) -> String {
    let ShrinkHistory {
        runs,
        guard_runs,
        from_steps,
        to_steps,
        finished,
        ..
    } = history;
    let end = match (is_shown, finished) {
        (false, _) => "\n  `comeback regress` tells how sure it is that it is fixed.",
        (true, true) => "",
        (true, false) => "\n  `comeback shrink` goes on from here.",
    };
    format!(
        "shrunk from {from_steps} to {} in {runs} executions, and {guard_runs} more to see how often it fails\n\
         {plan}\n  {}{end}\n  trace {}",
        count(*to_steps, "step"),
        explanation.text,
        trace.display()
    )
}
