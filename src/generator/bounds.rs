//! The numbers that a plan may have.

use std::fmt;
use std::ops::RangeInclusive;

use crate::model::{ceiling, duration_ms};

/// The ranges from which the numbers of a plan are drawn, and how often some parts are drawn.
///
/// Times, rates and counts are drawn log-uniformly (see `draws`). If zero is allowed, it has its
/// own probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// Steps in a plan.
    pub steps: RangeInclusive<u32>,
    /// Requests in a burst.
    pub requests: RangeInclusive<u32>,
    /// Requests of a burst in flight at once.
    pub concurrency: RangeInclusive<u32>,
    /// Requests per second of an open-loop burst.
    pub rate_per_s: RangeInclusive<f64>,
    /// The longest pause between two requests of a sender in a closed loop.
    pub max_think_ms: u64,
    /// The outage of a fault. All outages of a `rapid` together stay below the upper bound.
    pub outage_ms: RangeInclusive<u64>,
    /// The longest time between two restarts of a `rapid`.
    pub max_gap_ms: u64,
    /// The longest time from SIGTERM to SIGKILL.
    pub max_grace_ms: u64,
    /// The longest wait.
    pub max_wait_ms: u64,
    /// The longest time from an anchor's event to its step.
    pub max_offset_ms: u64,
    /// The longest time that all steps of a plan may take one after the other. A longer plan is
    /// shortened in proportion, within the other bounds.
    pub max_plan_ms: u64,
    /// The share of anchors that name an observed event (0 to 1), if the plan has one to name.
    pub event_anchors: f64,
    /// The share of plans that have background load (0 to 1).
    pub background: f64,
    /// Requests per second of the background load.
    pub background_rate_per_s: RangeInclusive<f64>,
}

impl Default for Bounds {
    /// The defaults suit a backend that takes ten seconds to start.
    fn default() -> Self {
        Bounds {
            steps: 1..=8,
            requests: 1..=40,
            concurrency: 1..=16,
            rate_per_s: 0.5..=8.0,
            max_think_ms: 1_000,
            outage_ms: 1..=45_000,
            max_gap_ms: 10_000,
            max_grace_ms: 10_000,
            max_wait_ms: 20_000,
            max_offset_ms: 10_000,
            max_plan_ms: 120_000,
            event_anchors: 0.6,
            background: 0.25,
            background_rate_per_s: 0.2..=2.0,
        }
    }
}

impl Bounds {
    /// The same bounds for a stack that is `factor` times as slow: times are multiplied and rates
    /// divided by it. `Bounds::default().scaled(0.01)` suits a backend that starts in 0.1 s. A time
    /// that may not be zero stays at least 1 ms.
    pub fn scaled(self, factor: f64) -> Bounds {
        let time = |ms: u64| (ms as f64 * factor).round() as u64;
        let rates = |range: RangeInclusive<f64>| range.start() / factor..=range.end() / factor;
        let (least, most) = self.outage_ms.into_inner();
        Bounds {
            rate_per_s: rates(self.rate_per_s),
            max_think_ms: time(self.max_think_ms),
            outage_ms: time(least).max(1)..=time(most).max(1),
            max_gap_ms: time(self.max_gap_ms),
            max_grace_ms: time(self.max_grace_ms),
            max_wait_ms: time(self.max_wait_ms).max(1),
            max_offset_ms: time(self.max_offset_ms),
            max_plan_ms: time(self.max_plan_ms).max(1),
            background_rate_per_s: rates(self.background_rate_per_s),
            ..self
        }
    }

    /// The first bound that nothing can be drawn from: its name as the configuration spells it, and
    /// what is wrong.
    pub(super) fn flaw(&self) -> Option<(&'static str, String)> {
        let beyond = |most: &dyn fmt::Display, ceiling: &dyn fmt::Display| {
            format!("{most} is more than {ceiling}, which is the most that is possible")
        };
        let counts = [
            ("steps", &self.steps, ceiling::MOST_STEPS),
            ("requests", &self.requests, ceiling::MOST_REQUESTS),
            ("concurrency", &self.concurrency, ceiling::MOST_AT_ONCE),
        ];
        for (name, range, ceiling) in counts {
            let (least, most) = (*range.start(), *range.end());
            if least < 1 || range.is_empty() {
                let what = format!(
                    "[{least}, {most}] is not a range of whole numbers from 1 up, the smaller one first"
                );
                return Some((name, what));
            }
            if most > ceiling {
                return Some((name, beyond(&most, &ceiling)));
            }
        }
        let rates = [
            ("rate", &self.rate_per_s),
            ("background-rate", &self.background_rate_per_s),
        ];
        for (name, range) in rates {
            let (least, most) = (*range.start(), *range.end());
            if !(least > 0.0 && least <= most && most.is_finite()) {
                let what = format!(
                    "[{least}, {most}] is not a range of rates above 0 per second, the smaller one first"
                );
                return Some((name, what));
            }
            if most > ceiling::MOST_PER_S {
                return Some((name, beyond(&most, &ceiling::MOST_PER_S)));
            }
        }
        let shares = [
            ("event-anchors", self.event_anchors),
            ("background", self.background),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return Some((name, format!("{share} is not between 0 and 1")));
            }
        }
        if *self.outage_ms.start() < 1 || self.outage_ms.is_empty() {
            let (least, most) = (*self.outage_ms.start(), *self.outage_ms.end());
            let (least, most) = (duration_ms(least), duration_ms(most));
            let what = format!(
                "the longest outage, {most}, is below the shortest, {least} (at least 1 ms)"
            );
            return Some(("max-outage", what));
        }
        let positive = [
            ("max-wait", self.max_wait_ms),
            ("max-plan", self.max_plan_ms),
        ];
        let zero = positive.into_iter().find(|(_, ms)| *ms == 0)?;
        Some((zero.0, "it must be at least 1 ms".to_owned()))
    }
}
