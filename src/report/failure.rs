//! A failure of a campaign, as text.

use crate::model::{Failure, Known, Plan, Reproduced, Verdict, count};

/// A failure with its evidence, its plan, and the commands that go on from it.
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
        format!(
            "  control    without its faults, the plan {}\n",
            gave(verdict)
        )
    });
    let evidence: Vec<String> = evidence.iter().map(|seq| format!("#{seq}")).collect();
    format!(
        "  {invariant}: {message}\n  \
           evidence   events {}\n  \
           signature  {signature}{}\n  \
           plan       {}\n\
         {}{}{control}  \
           trace      {trace}\n  \
           replay     comeback replay {trace}\n  \
           judge      comeback check {trace}\n",
        evidence.join(", "),
        seen(failure),
        size(failure),
        failure.plan.as_ref().map_or(String::new(), steps),
        failure
            .explanation
            .as_ref()
            .map_or(String::new(), |text| format!("  needs      {text}\n")),
    )
}

/// In how many trials a failure was seen, and under which other names.
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

/// The steps of a plan, one a line.
fn steps(plan: &Plan) -> String {
    let text = plan.to_string();
    let steps = text.lines().skip(1);
    steps
        .map(|step| format!("             {}\n", step.trim_start()))
        .collect()
}

/// Why a failure is known, and how often it was seen.
pub(super) fn known(known: &Known) -> String {
    let trace = known.trace.as_ref().zip(known.reproduced);
    let trace = trace.map(|(trace, Reproduced { failed, runs })| match failed {
        0 => format!("{trace} is not known to be fixed ({runs} replays passed)"),
        _ => format!("{trace} fails still ({failed} of {runs})"),
    });
    let listed = known.listed.then(|| "it is put up with".to_owned());
    let seen = (known.seen > 0).then(|| format!("seen in {}", count(known.seen, "trial")));
    let told: Vec<String> = [trace, listed, seen].into_iter().flatten().collect();
    told.join(", ")
}

/// How many steps the saved plan has, and how it came to them.
fn size(failure: &Failure) -> String {
    let Failure {
        steps,
        steps_before_shrink: before,
        shrink_runs: runs,
        guard_runs: guarded,
        ..
    } = failure;
    let steps = count(*steps, "step");
    match runs + guarded {
        0 => steps,
        _ => format!(
            "{steps}, shrunk from {before} in {runs} executions, and {guarded} more to see how often it fails"
        ),
    }
}

/// What a control gave, as the end of a sentence.
fn gave(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Violated => "fails too, in another way",
    }
}
