//! What a shrunk failure needs, told to people.

use super::shrunk::{Boundary, Found, Shrunk};
use crate::model::{Action, Explanation, NeededNumber, NeededStep, Plan, Reproduced, Step};

/// Explains what is left of a failure. `reproduced` is how often the shrunk plan failed.
pub fn explain(found: &Found, shrunk: &Shrunk, reproduced: Reproduced) -> Explanation {
    let plan = &shrunk.plan;
    let numbers: Vec<NeededNumber> = shrunk
        .boundaries
        .iter()
        .filter_map(|boundary| number(plan, boundary))
        .collect();
    let mut sentences = vec![steps(found, shrunk)];
    sentences.extend(numbers.iter().map(|number| number.text.clone()));
    sentences.push(rate(reproduced));
    Explanation {
        text: sentences.join(" "),
        steps: plan
            .steps
            .iter()
            .map(|step| NeededStep {
                step: step.id.clone(),
                needed: shrunk.needed.get(&step.id).copied().unwrap_or(0.0),
            })
            .collect(),
        numbers,
    }
}

fn steps(found: &Found, shrunk: &Shrunk) -> String {
    let plan = &shrunk.plan;
    let mut parts: Vec<String> = plan.steps.iter().map(part).collect();
    parts.extend(
        plan.background
            .as_ref()
            .map(|_| "the background load".to_owned()),
    );
    let before = found.plan.size().steps;
    let needs = match parts.len() {
        0 => return "It fails without any step.".to_owned(),
        1 => parts.concat(),
        n => format!("{} and {}", parts[..n - 1].join(", "), parts[n - 1]),
    };
    let sure = plan.steps.iter().map(|step| shrunk.needed.get(&step.id));
    let least = sure
        .map(|sure| sure.copied().unwrap_or(0.0))
        .fold(1.0, f64::min);
    let gone = before - plan.size().steps;
    let sure = match shrunk.finished && least > 0.5 {
        true => format!(" (needed with {:.0} % certainty)", (100.0 * least).floor()),
        false => " (shrinking did not come to its end)".to_owned(),
    };
    let rest = match gone {
        0 => String::new(),
        1 => "; the other step makes no difference".to_owned(),
        gone => format!("; the other {gone} steps make no difference"),
    };
    format!("It takes {needs}{sure}{rest}.")
}

fn part(step: &Step) -> String {
    let kind = match &step.action {
        Action::Burst(_) => "the burst",
        Action::Fault(fault) => return format!("the {} {}", fault.kind.name(), step.id),
        Action::Wait(_) => "the wait",
    };
    format!("{kind} {}", step.id)
}

fn number(plan: &Plan, boundary: &Boundary) -> Option<NeededNumber> {
    let Boundary { number, bounds } = boundary;
    let (value, passes_at) = (number.get(plan)?, bounds.passes_at?);
    let fails_from = bounds.fails_from;
    let unit = if number.what.is_time() { "ms" } else { "" };
    let with_unit = |value: u64| match unit {
        "" => value.to_string(),
        unit => format!("{value} {unit}"),
    };
    Some(NeededNumber {
        text: format!(
            "It fails when the {} of {} is {} or more, and not at {} or less.",
            number.what,
            number.step,
            with_unit(fails_from),
            with_unit(passes_at)
        ),
        step: number.step.clone(),
        what: number.what.to_string(),
        unit: unit.to_owned(),
        value,
        fails_from,
        passes_at,
    })
}

fn rate(reproduced: Reproduced) -> String {
    let Reproduced { failed, runs } = reproduced;
    let (low, high) = reproduced.interval();
    match failed == runs {
        true => format!("This plan failed each time in {runs} executions."),
        false => {
            format!("This plan failed in {failed} of {runs} executions (rate {low:.2}–{high:.2}).")
        }
    }
}
