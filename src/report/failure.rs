//! A failure of a campaign, as text.

use super::wording;
use crate::model::{Failure, Plan, Verdict, count};

/// A failure with its evidence, its plan, and the next commands.
pub(super) fn failure(failure: &Failure) -> String {
    let Failure {
        invariant,
        message,
        evidence,
        trace,
        signature,
        without_faults,
        ..
    } = failure;
    let control = without_faults.map_or(String::new(), |verdict| {
        let gave = gave(verdict);
        format!("  control    without its faults, the plan {gave}\n")
    });
    let needs = failure.explanation.as_ref();
    let needs = needs.map_or(String::new(), |text| format!("  needs      {text}\n"));
    format!(
        "  {invariant}: {message}\n  \
           evidence   {}\n  \
           signature  {signature}{}\n  \
           plan       {}\n\
         {}{needs}{control}  \
           trace      {trace}\n  \
           replay     comeback replay {trace}\n  \
           judge      comeback check {trace}\n",
        wording::events(evidence),
        seen(failure),
        wording::size(failure),
        failure.plan.as_ref().map_or(String::new(), steps),
    )
}

/// In how many trials a failure occurred, and under which other names.
fn seen(failure: &Failure) -> String {
    let trials = match failure.seen {
        0 | 1 => String::new(),
        seen => format!(", in {}", count(seen, "trial")),
    };
    let also: Vec<String> = failure.also.iter().map(ToString::to_string).collect();
    match also.len() {
        0 => trials,
        _ => format!("{trials}, also as {}", also.join(", ")),
    }
}

/// The steps of a plan, one per line.
fn steps(plan: &Plan) -> String {
    let text = plan.to_string();
    let steps = text.lines().skip(1);
    steps
        .map(|step| format!("             {}\n", step.trim_start()))
        .collect()
}

/// The verdict without faults, as the end of a sentence.
fn gave(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Violated => "fails too, in another way",
    }
}
