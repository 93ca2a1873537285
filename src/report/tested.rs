//! What a campaign tested, in words, for the terminal and the page.

use std::collections::BTreeMap;

use crate::model::{Summary, Tested, count, duration_ms};

/// What the verdict is based on, line by line. Empty for a summary from before it was counted.
pub fn tested(summary: &Summary) -> Vec<String> {
    let tested = &summary.tested;
    if tested.is_unknown() {
        return Vec::new();
    }
    let (met, done) = (tested.outages_met(), tested.faults_done());
    let requests = count(tested.requests_in_outages, "request");
    let were = match tested.requests_in_outages {
        1 => "was",
        _ => "were",
    };
    let outages = format!(
        "{met} of {done} outages met requests: {requests} {were} in flight during an outage"
    );
    let more = skipped(tested).into_iter();
    let more = more.chain(not_judged(tested)).chain(partly_judged(tested));
    [faults(tested), outages].into_iter().chain(more).collect()
}

fn faults(tested: &Tested) -> String {
    let kinds = tested.faults.iter().map(|(kind, faults)| {
        let longest = duration_ms(faults.longest_ms);
        format!("{} {kind} (longest outage {longest})", faults.done)
    });
    let kinds: Vec<String> = kinds.collect();
    let trials = count(tested.trials, "trial");
    if kinds.is_empty() {
        return format!("no fault was done in {trials}");
    }
    let faults = count(tested.faults_done(), "fault");
    format!("{faults} in {trials}: {}", kinds.join(", "))
}

fn skipped(tested: &Tested) -> Option<String> {
    let (skipped, steps) = (tested.steps_skipped(), tested.steps);
    let reasons = tested.skipped.iter();
    let reasons = reasons.map(|(reason, n)| format!("{n} because {reason}"));
    let reasons = reasons.collect::<Vec<_>>().join(", ");
    (skipped > 0).then(|| format!("{skipped} of {steps} steps were skipped: {reasons}"))
}

/// The invariants that were judged in no trial, with the reason where all trials give the same.
fn not_judged(tested: &Tested) -> Option<String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (invariant, _) in tested.judged.iter().filter(|(_, n)| **n == 0) {
        let why = tested.why_not_judged.get(invariant);
        let why = why.map_or("", String::as_str);
        by_reason.entry(why).or_default().push(invariant);
    }
    let groups = by_reason.iter().map(|(why, invariants)| {
        let invariants = invariants.join(", ");
        match why.is_empty() {
            true => invariants,
            false => format!("{invariants} ({why})"),
        }
    });
    let groups: Vec<String> = groups.collect();
    (!groups.is_empty()).then(|| format!("not judged: {}", groups.join("; ")))
}

/// The invariants that were judged, but not in every trial.
fn partly_judged(tested: &Tested) -> Option<String> {
    let trials = tested.trials;
    let partly = tested.judged.iter();
    let partly = partly.filter(|(_, n)| (1..trials).contains(*n));
    let partly = partly.map(|(invariant, n)| format!("{invariant} in {n} of {trials}"));
    let partly: Vec<String> = partly.collect();
    (!partly.is_empty())
        .then(|| format!("judged only in some of the trials: {}", partly.join(", ")))
}

#[cfg(test)]
mod tests {
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
            judged: [
                "accounting",
                "calm-reconnect",
                "latency-returns",
                "no-leak",
                "recovers",
            ]
            .into_iter()
            .zip([0, 0, 0, 1, 3])
            .map(|(invariant, trials)| (invariant.to_owned(), trials))
            .collect(),
            why_not_judged: ["calm-reconnect", "latency-returns", "no-leak"]
                .map(|invariant| (invariant.to_owned(), "the API did not recover".to_owned()))
                .into(),
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
            not_judged(&tested).unwrap(),
            "not judged: accounting; calm-reconnect, latency-returns (the API did not recover)"
        );
        assert_eq!(
            partly_judged(&tested).unwrap(),
            "judged only in some of the trials: no-leak in 1 of 3"
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
