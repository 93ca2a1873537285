//! Short plans come first: many bugs need no long ones.

use super::{Bounds, Space};

/// After how many random plans the bounds are fully used.
const GROWN: u64 = 30;

/// How many steps, and which share of the time, the first plans may have.
const FIRST_STEPS: u64 = 3;
const FIRST_SHARE: f64 = 0.4;

impl Space {
    /// The space of the random plan number `nth` (from 0) of a campaign.
    pub(super) fn grown(&self, nth: u64) -> Space {
        let progress = (nth as f64 / GROWN as f64).min(1.0);
        let between = |first: f64, last: f64| first + progress * (last - first);
        let (least, most) = (*self.bounds.steps.start(), *self.bounds.steps.end());
        let steps = between(FIRST_STEPS as f64, f64::from(most)).round() as u32;
        let most_ms = self.bounds.max_plan_ms;
        // Always leave room for an outage longer than the answer limit, and for steps around it.
        let first_ms = (most_ms as f64 * FIRST_SHARE).max(2.0 * self.limits.answer_ms as f64);
        let plan_ms = between(first_ms, most_ms as f64) as u64;
        Space {
            bounds: Bounds {
                steps: least..=steps.clamp(least, most),
                max_plan_ms: plan_ms.clamp(1, most_ms),
                ..self.bounds.clone()
            },
            ..self.clone()
        }
    }
}
