//! What a campaign tested, in words: the same on the terminal and on the page.

use crate::model::{Summary, Tested, count, duration_ms};

/// What the verdict rests on, a line each. Nothing for a summary of before it was counted.
pub fn tested(summary: &Summary) -> Vec<String> {
    let tested = &summary.tested;
    if tested.is_unknown() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    lines.push(faults(tested));
    lines.push(format!(
        "{} of {} outages met requests: {} {} in flight during an outage",
        tested.outages_met(),
        tested.faults_done(),
        count(tested.requests_in_outages, "request"),
        match tested.requests_in_outages {
            1 => "was",
            _ => "were",
        }
    ));
    lines.extend(skipped(tested));
    lines.extend(partly_judged(tested));
    lines
}

fn faults(tested: &Tested) -> String {
    let kinds = tested.faults.iter().map(|(kind, faults)| {
        let longest = duration_ms(faults.longest_ms);
        format!("{} {kind} (longest outage {longest})", faults.done)
    });
    let kinds: Vec<String> = kinds.collect();
    let trials = count(tested.trials, "trial");
    match kinds.is_empty() {
        true => format!("no fault was done in {trials}"),
        false => format!(
            "{} in {trials}: {}",
            count(tested.faults_done(), "fault"),
            kinds.join(", ")
        ),
    }
}

fn skipped(tested: &Tested) -> Option<String> {
    let skipped = tested.steps_skipped();
    let reasons = tested
        .skipped
        .iter()
        .map(|(reason, n)| format!("{n} because {reason}"));
    let reasons: Vec<String> = reasons.collect();
    (skipped > 0).then(|| {
        let steps = tested.steps;
        format!(
            "{skipped} of {steps} steps were skipped: {}",
            reasons.join(", ")
        )
    })
}

/// The invariants that were not judged in every trial.
fn partly_judged(tested: &Tested) -> Option<String> {
    let partly = tested.judged.iter().filter(|(_, n)| **n < tested.trials);
    let trials = tested.trials;
    let partly = partly.map(|(invariant, n)| format!("{invariant} in {n} of {trials}"));
    let partly: Vec<String> = partly.collect();
    (!partly.is_empty())
        .then(|| format!("judged in a part of the trials only: {}", partly.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::FaultsDone;

    #[test]
    fn what_was_tested_reads_well() {
        let kill = FaultsDone {
            done: 4,
            met: 3,
            longest_ms: 1_500,
        };
        let tested = Tested {
            trials: 3,
            faults: BTreeMap::from([("kill".to_owned(), kill)]),
            requests_in_outages: 17,
            steps: 13,
            skipped: BTreeMap::from([("its burst ended before that request".to_owned(), 2)]),
            judged: BTreeMap::from([("no-leak".to_owned(), 1), ("recovers".to_owned(), 3)]),
        };
        assert_eq!(
            faults(&tested),
            "4 faults in 3 trials: 4 kill (longest outage 1.5 s)"
        );
        assert_eq!(
            skipped(&tested).unwrap(),
            "2 of 13 steps were skipped: 2 because its burst ended before that request"
        );
        assert_eq!(
            partly_judged(&tested).unwrap(),
            "judged in a part of the trials only: no-leak in 1 of 3"
        );
        assert_eq!(
            faults(&Tested {
                trials: 1,
                ..Tested::default()
            }),
            "no fault was done in 1 trial"
        );
    }
}
