//! Where sets of steps are executed.

use super::belief::Belief;
use super::places::Places;

/// Executes plans. The first plan is the one with all its places; the others are parts of it.
pub trait Trials {
    /// Whether the plan with only these steps fails in the way that is looked for; none ends the
    /// shrinking.
    fn fails(&mut self, kept: Places, purpose: Purpose) -> impl Future<Output = Option<bool>>;

    /// From now on this plan, which has failed before, is the best.
    fn best(&mut self, kept: Places, belief: &Belief);
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make the plan smaller.
    Shrink,
    /// To see how often a plan fails.
    Guard,
    /// To see what the smallest plan needs.
    Explain,
}
