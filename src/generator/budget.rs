//! How long a plan may last.

use super::{Bounds, draws};
use crate::model::{Action, Burst, FaultKind, NumberKind, Pace, Step, Wait};

/// The share of a plan's time that may go to outages longer than the answer limit.
const KEPT: f64 = 0.75;

/// The shortest such outage, as a multiple of that limit.
const BEYOND: f64 = 1.05;

/// Shortens all times by one factor if the steps, one after the other, would last longer than
/// `max_plan_ms`. No time falls below its lower bound, so the steps may still last a little longer.
/// Shortening keeps the shape of a plan; drawing again would prefer short plans of few steps.
///
/// An outage longer than the answer limit stays longer than it, if there is room: just below the
/// limit it would show nothing.
pub(super) fn shorten(steps: &mut [Step], bounds: &Bounds, answer_ms: u64) {
    let whole_ms: f64 = steps.iter().map(lasts_ms).sum();
    let most_ms = bounds.max_plan_ms as f64;
    if whole_ms <= most_ms {
        return;
    }
    let least_ms = (answer_ms as f64 * BEYOND).ceil();
    let (mut kept_ms, mut kept_before_ms) = (0.0, 0.0);
    let mut is_kept = vec![false; steps.len()];
    for (step, is_kept) in steps.iter().zip(&mut is_kept) {
        if let Action::Fault(fault) = &step.action
            && !matches!(fault.kind, FaultKind::Rapid { .. })
            && fault.outage_ms as f64 >= least_ms
            && kept_ms + least_ms <= KEPT * most_ms
        {
            *is_kept = true;
            kept_ms += least_ms;
            kept_before_ms += fault.outage_ms as f64;
        }
    }
    let share = (most_ms - kept_ms) / (whole_ms - kept_before_ms).max(1.0);
    let share = share.min(1.0);
    for (step, is_kept) in steps.iter_mut().zip(is_kept) {
        shorten_step(step, share, bounds);
        if let (Action::Fault(fault), true) = (&mut step.action, is_kept) {
            fault.outage_ms = (least_ms as u64).max(*bounds.outage_ms.start());
        }
    }
}

/// How long a step lasts by itself, with its anchor's offset, in milliseconds. The stack's own
/// times are not known.
fn lasts_ms(step: &Step) -> f64 {
    let ms = match &step.action {
        Action::Burst(burst) => burst_ms(burst),
        Action::Fault(fault) => {
            let outage_ms = fault.outage_ms as f64;
            match fault.kind {
                FaultKind::Stop { grace_ms } => grace_ms as f64 + outage_ms,
                FaultKind::Rapid { restarts, gap_ms } => {
                    f64::from(restarts) * (outage_ms + gap_ms as f64)
                }
                FaultKind::Kill | FaultKind::Pause | FaultKind::Cut | FaultKind::Link(_) => {
                    outage_ms
                }
            }
        }
        Action::Wait(Wait { wait_ms }) => *wait_ms as f64,
    };
    step.anchor.offset_ms() as f64 + ms
}

fn burst_ms(burst: &Burst) -> f64 {
    match burst.pace {
        Pace::Open { rate_per_s } => f64::from(burst.count) / rate_per_s * 1_000.0,
        Pace::Closed { think_ms } => {
            let rounds = burst.count.div_ceil(burst.concurrency.max(1));
            f64::from(rounds) * think_ms as f64
        }
    }
}

fn shorten_step(step: &mut Step, share: f64, bounds: &Bounds) {
    step.map_times(|kind, ms| {
        let least = match kind {
            NumberKind::Outage => *bounds.outage_ms.start(),
            NumberKind::Wait => 1,
            _ => kind.least(),
        };
        ((ms as f64 * share) as u64).max(least)
    });
    if let Some(rate_per_s) = step.rate_mut() {
        let faster = draws::three_digits(*rate_per_s / share);
        *rate_per_s = faster.min(*bounds.rate_per_s.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Anchor, Fault, StepId};

    fn step(id: &str, offset_ms: u64, action: Action) -> Step {
        let anchor = Anchor::At { offset_ms };
        let id = StepId(id.to_owned());
        Step { id, anchor, action }
    }

    fn stop(outage_ms: u64) -> Action {
        Action::Fault(Fault {
            backend: "db".to_owned(),
            kind: FaultKind::Stop { grace_ms: 1_000 },
            outage_ms,
        })
    }

    fn bounds(max_plan_ms: u64) -> Bounds {
        Bounds {
            max_plan_ms,
            ..Bounds::default()
        }
    }

    #[test]
    fn a_plan_within_its_budget_is_left_alone() {
        let steps = vec![step("f1", 1_000, stop(8_000))];
        let mut shortened = steps.clone();
        shorten(&mut shortened, &bounds(10_000), 60_000);
        assert_eq!(shortened, steps);
    }

    #[test]
    fn a_long_plan_is_shortened_in_proportion() {
        let mut steps = vec![
            step("f1", 1_000, stop(8_000)),
            step("w1", 2_000, Action::Wait(Wait { wait_ms: 8_000 })),
        ];
        shorten(&mut steps, &bounds(10_000), 60_000);
        let lasts: Vec<f64> = steps.iter().map(lasts_ms).collect();
        assert_eq!(lasts, [5_000.0, 5_000.0]);
    }

    #[test]
    fn nothing_is_shortened_below_what_the_bounds_allow() {
        let mut steps = vec![step("f1", 0, stop(40_000))];
        let bounds = Bounds {
            outage_ms: 30_000..=45_000,
            ..bounds(10_000)
        };
        shorten(&mut steps, &bounds, 60_000);
        assert!(matches!(&steps[0].action, Action::Fault(fault) if fault.outage_ms == 30_000));
    }
}
