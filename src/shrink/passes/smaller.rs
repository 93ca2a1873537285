//! Every smaller plan that is worth a try where one run decides.

use std::collections::BTreeSet;

use super::{simpler_shapes, without};
use crate::model::{Number, Plan, StepId, StepTimes};

/// The plans that are simpler than this one by one pass, the greatest leap first: without a half, a
/// quarter, … of the steps, without background load, simpler shapes, shorter times, smaller
/// numbers.
pub fn smaller_plans(plan: &Plan) -> impl Iterator<Item = Plan> + use<> {
    let (size, plan) = (plan.size(), plan.clone());
    let with = move |passes: fn(&Plan) -> Vec<Plan>| {
        let plan = plan.clone();
        std::iter::once_with(move || passes(&plan)).flatten()
    };
    with(fewer_steps)
        .chain(with(simpler_shapes))
        .chain(with(shorter_times))
        .chain(with(smaller_numbers))
        .filter(move |smaller| smaller.size() < size)
}

fn fewer_steps(plan: &Plan) -> Vec<Plan> {
    let ids: Vec<&StepId> = plan.steps.iter().map(|step| &step.id).collect();
    let unknown = StepTimes::default();
    let halvings = std::iter::successors(Some(ids.len()), |length| {
        (*length > 1).then_some(length.div_ceil(2))
    });
    let mut fewer: Vec<Plan> = halvings
        .filter(|length| *length > 0)
        .flat_map(|length| ids.chunks(length))
        .map(|gone| {
            let gone: BTreeSet<StepId> = gone.iter().map(|id| (*id).clone()).collect();
            without(plan, &gone, &unknown)
        })
        .collect();
    if plan.background.is_some() {
        fewer.push(Plan {
            background: None,
            ..plan.clone()
        });
    }
    fewer
}

fn shorter_times(plan: &Plan) -> Vec<Plan> {
    vec![plan.scaled(0.0), plan.scaled(0.5)]
}

fn smaller_numbers(plan: &Plan) -> Vec<Plan> {
    let numbers = Number::all(plan).into_iter();
    let smaller = numbers.flat_map(|number| {
        let (least, value) = (number.kind.least(), number.get(plan).unwrap_or(0));
        let half = least + (value - least) / 2;
        let values = match number.kind.is_time() {
            true => [least, rounded_down(half), rounded_down(value - 1)],
            false => [least, half, value - 1],
        };
        values.map(|value| number.set(plan, value.max(least)))
    });
    smaller.collect()
}

/// The greatest number with one digit other than zero that is not above this one: a rounder time is
/// simpler than a shorter one.
fn rounded_down(number: u64) -> u64 {
    let scale = 10_u64.pow(number.checked_ilog10().unwrap_or(0));
    number / scale * scale
}
