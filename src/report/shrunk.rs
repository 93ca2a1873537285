//! A shrunk failure on the terminal.

use std::path::Path;

use super::wording;
use crate::model::{Explanation, Plan, ShrinkHistory};

/// The shrunk plan, the effort, and the saved trace. `is_shown` says whether the failure occurred
/// again at all.
pub fn shrunk(
    trace: &Path,
    history: &ShrinkHistory,
    explanation: &Explanation,
    plan: &Plan,
    is_shown: bool,
) -> String {
    let end = match (is_shown, history.finished) {
        (false, _) => "\n  `comeback regress` says how certain it is that it is fixed.",
        (true, true) => "",
        (true, false) => "\n  `comeback shrink` goes on from here.",
    };
    format!(
        "shrunk {}\n{plan}\n  {}{end}\n  trace {}",
        wording::effort(history),
        explanation.text,
        trace.display()
    )
}
