//! What a shrunk failure needs, in words.
//!
//! Nothing is claimed but what was tried on the smallest plan itself. A plan whose shrinking ended
//! early says so first, and claims nothing more.

use std::collections::BTreeMap;

use super::shrunk::{Boundary, Ending, Found, Need, Shrunk};
use super::threshold::CONFIDENCE;
use crate::model::{
    Alternative, Explanation, NeededNumber, NeededStep, Plan, Reproduced, Standing, StepId,
    duration_ms, listed,
};

/// The rules by which explanations claim what they do: a step is needed if the plan passed often
/// enough without it, and a boundary is an interval.
const RULES: u32 = 2;

/// Explains what is left of a failure. `outages_ms` are what the faults of the kept execution
/// really took; `reproduced` is how often the shrunk plan failed in executions that measured it;
/// `why_stopped` says why shrinking ended early.
pub fn explain(
    found: &Found,
    shrunk: &Shrunk,
    outages_ms: &BTreeMap<StepId, u64>,
    reproduced: Reproduced,
    why_stopped: Option<&str>,
) -> Explanation {
    let plan = &shrunk.plan;
    let mut numbers = Vec::new();
    let mut sentences = Vec::new();
    match shrunk.ending {
        Ending::NotShownAgain => {
            sentences
                .push("It did not show again, so nothing can be said of what it needs.".to_owned());
        }
        Ending::Stopped => sentences.push(unfinished(plan, why_stopped)),
        Ending::Finished => {
            numbers.extend(shrunk.boundaries.iter().filter_map(|of| number(plan, of)));
            sentences.extend(needs(found, shrunk));
            sentences.extend(alternatives(shrunk));
            sentences.extend(
                numbers
                    .iter()
                    .map(|number: &NeededNumber| number.text.clone()),
            );
        }
    }
    sentences.extend(plan.other_outages(outages_ms));
    sentences.push(rate(reproduced));
    Explanation {
        rules: RULES,
        text: sentences.join(" "),
        steps: plan
            .parts()
            .into_iter()
            .map(|(id, _)| step(&id, shrunk))
            .collect(),
        alternatives: shrunk.alternatives.clone(),
        numbers,
    }
}

fn unfinished(plan: &Plan, why_stopped: Option<&str>) -> String {
    let why = why_stopped.map_or(String::new(), |why| format!(" ({why})"));
    let left = plan.in_words();
    format!(
        "Shrinking ended early{why}, so it is not known what the failure needs. It failed with {left}."
    )
}

fn needs(found: &Found, shrunk: &Shrunk) -> Vec<String> {
    let plan = &shrunk.plan;
    let standing = |wanted: Standing| {
        let parts = plan
            .parts()
            .into_iter()
            .filter(move |(id, _)| step(id, shrunk).standing == wanted);
        parts.map(|(_, words)| words).collect::<Vec<_>>()
    };
    let mut sentences = Vec::new();
    let needed = standing(Standing::Needed);
    if plan.size().steps == 0 {
        sentences.push("It fails without any step.".to_owned());
    } else if !needed.is_empty() {
        sentences.push(format!(
            "Needed: {} ({} sure).",
            listed(&needed),
            sure(shrunk)
        ));
    }
    for words in standing(Standing::Rarer) {
        sentences.push(format!("Without {words} it fails too, but less often."));
    }
    for words in standing(Standing::Undecided) {
        sentences.push(format!(
            "Undecided: {words}; without it the plan passed, but too few times to tell."
        ));
    }
    for words in standing(Standing::NeverTried) {
        sentences.push(format!("Never tried without: {words}."));
    }
    match found.plan.size().steps.saturating_sub(plan.size().steps) {
        0 => {}
        1 => sentences.push("The other step makes no difference.".to_owned()),
        gone => sentences.push(format!("The other {gone} steps make no difference.")),
    }
    sentences
}

/// How sure it is of the least sure step that it is needed.
fn sure(shrunk: &Shrunk) -> String {
    let needed = shrunk.needs.values();
    let needed = needed.filter(|need| need.standing == Standing::Needed);
    percent(needed.map(|need| need.sure).fold(1.0, f64::min))
}

fn percent(share: f64) -> String {
    // What is not quite sure is not called so.
    format!("{:.0} %", (100.0 * share).floor().min(99.0))
}

fn step(id: &StepId, shrunk: &Shrunk) -> NeededStep {
    let need = shrunk.needs.get(id).copied().unwrap_or(Need {
        standing: Standing::NeverTried,
        passed: 0,
        sure: 0.0,
    });
    NeededStep {
        step: id.clone(),
        needed: need.sure,
        standing: need.standing,
        passed: need.passed,
    }
}

fn alternatives(shrunk: &Shrunk) -> Option<String> {
    let of_step = |id: &StepId| {
        let tried = |fails: bool| {
            let tried = shrunk.alternatives.iter();
            tried.filter(move |other| other.step == *id && other.fails == fails)
        };
        let (too, too_often) = counted(tried(true));
        let (not, not_often) = counted(tried(false));
        let too_words = format!("{} failed too{too_often}", listed(&too));
        let not_words = match too.is_empty() {
            true => format!("{} did not fail{not_often}", either(&not)),
            false => format!("{} did not{not_often}", either(&not)),
        };
        match (too.is_empty(), not.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("In place of {id}, {too_words}.")),
            (true, false) => Some(format!("In place of {id}, {not_words}.")),
            (false, false) => Some(format!("In place of {id}, {too_words}; {not_words}.")),
        }
    };
    let faults = shrunk.plan.faults();
    let sentences: Vec<String> = faults.filter_map(|(id, _)| of_step(id)).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// The names of other faults and in how many executions they failed: said behind all of them if
/// that is the same, otherwise behind each name. One that fails is not tried again.
fn counted<'a>(tried: impl Iterator<Item = &'a Alternative>) -> (Vec<String>, String) {
    let named = tried.map(|other| {
        let failed = u32::from(other.fails);
        let often = format!(" ({failed} of {}", other.runs);
        (format!("a {}", other.fault), often)
    });
    let (names, often): (Vec<String>, Vec<String>) = named.unzip();
    match often.as_slice() {
        [] => (names, String::new()),
        [only] => (names, format!("{only})")),
        [first, others @ ..] if others.iter().all(|other| other == first) => {
            (names, format!("{first} each)"))
        }
        _ => {
            let each = names.iter().zip(&often);
            let each = each.map(|(name, often)| format!("{name}{often})"));
            (each.collect(), String::new())
        }
    }
}

/// "a, b or c".
fn either(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

fn number(plan: &Plan, boundary: &Boundary) -> Option<NeededNumber> {
    let Boundary {
        number,
        bounds,
        measured,
    } = boundary;
    let shown = measured.unwrap_or(*bounds);
    let (value, passes_at, fails_from) = (number.get(plan)?, shown.passes_at?, shown.fails_from);
    let unit = if number.kind.is_time() { "ms" } else { "" };
    let with_unit = |value: u64| match unit {
        "" => value.to_string(),
        _ => duration_ms(value),
    };
    let planned = match measured {
        Some(_) => format!("measured; planned {}, ", with_unit(value)),
        None => String::new(),
    };
    Some(NeededNumber {
        text: format!(
            "The {} of {} matters: it passes at {} and fails at {}, and the boundary lies between them ({planned}{} sure).",
            number.kind,
            number.step,
            with_unit(passes_at),
            with_unit(fails_from),
            percent(CONFIDENCE),
        ),
        step: number.step.clone(),
        what: number.kind.to_string(),
        unit: unit.to_owned(),
        value,
        fails_from,
        passes_at,
        confidence: CONFIDENCE,
        measured: measured.is_some(),
    })
}

fn rate(reproduced: Reproduced) -> String {
    let Reproduced { failed, runs } = reproduced;
    let (low, high) = reproduced.interval();
    match runs {
        0 => "How often this plan fails was not measured.".to_owned(),
        1 => format!(
            "Executed once more, this plan {}.",
            match failed {
                0 => "passed",
                _ => "failed",
            }
        ),
        _ if failed == runs => {
            format!(
                "This plan failed in each of {runs} executions that measured how often it does."
            )
        }
        _ => format!(
            "This plan failed in {failed} of {runs} executions that measured how often it does (rate {low:.2}–{high:.2})."
        ),
    }
}
