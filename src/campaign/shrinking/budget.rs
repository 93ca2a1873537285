//! What may be spent on shrinking a failure, and where its files are.

use std::path::Path;
use std::time::Duration;

/// How much may be spent on shrinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkBudget {
    /// The most executions for one failure.
    pub runs: u64,
    /// How long new executions may be begun.
    pub within: Duration,
    /// How much of this a campaign has spent on other failures. None if the budget is for one
    /// failure alone.
    pub shared: Option<Duration>,
}

/// How a failure is shrunk: where its files are, and what may be spent.
#[derive(Debug, Clone, Copy)]
pub struct Shrinking<'a> {
    /// The file of the best plan so far: it exists, is a failing trace at all times, and is
    /// replaced by each smaller one. But a plan whose failure rate was measured is replaced only by
    /// another such plan; a smaller one that is not confirmed yet is kept beside it, as
    /// `….jsonl.smaller`.
    pub kept: &'a Path,
    /// The folder of all other files.
    pub folder: &'a Path,
    /// How much may be spent.
    pub budget: ShrinkBudget,
}
