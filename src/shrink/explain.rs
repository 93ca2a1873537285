//! What a shrunk failure needs, told to people.

use super::shrunk::{Boundary, Ending, Found, Shrunk};
use crate::model::{Action, Explanation, NeededNumber, NeededStep, Plan, Reproduced, Step};

/// Explains what is left of a failure. `reproduced` is how often the shrunk plan failed; `why_stopped` tells why shrinking did not come to its end.
pub fn explain(
    found: &Found,
    shrunk: &Shrunk,
    reproduced: Reproduced,
    why_stopped: Option<&str>,
) -> Explanation {
    let plan = &shrunk.plan;
    let numbers: Vec<NeededNumber> = shrunk
        .boundaries
        .iter()
        .filter_map(|boundary| number(plan, boundary))
        .collect();
    let mut sentences = vec![match shrunk.ending {
        Ending::NotShownAgain => {
            "It did not show again, so that nothing can be said of what it takes.".to_owned()
        }
        Ending::Finished | Ending::Stopped => steps(found, shrunk, why_stopped),
    }];
    if !shrunk.rarer.is_empty() {
        let rarer: Vec<&str> = shrunk.rarer.iter().map(|step| step.0.as_str()).collect();
        let without = rarer.join(" or ");
        sentences.push(format!("Without {without} it shows too, but more seldom."));
    }
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

fn steps(found: &Found, shrunk: &Shrunk, why_stopped: Option<&str>) -> String {
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
    let sure = match (shrunk.ending, why_stopped) {
        (Ending::Finished, _) if least > 0.5 => {
            format!(" (needed with {:.0} % certainty)", (100.0 * least).floor())
        }
        (_, None) => " (shrinking did not come to its end)".to_owned(),
        (_, Some(why)) => format!(" (shrinking did not come to its end: {why})"),
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
    match (failed, runs) {
        (1, 1) => "This plan failed once, and was executed once.".to_owned(),
        _ if failed == runs => format!("This plan failed each time in {runs} executions."),
        _ => {
            format!("This plan failed in {failed} of {runs} executions (rate {low:.2}–{high:.2}).")
        }
    }
}
