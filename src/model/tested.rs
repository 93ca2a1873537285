//! What a verdict is based on: the faults done, the requests that met them, and what was skipped.
//!
//! "Holds" means little if no request met an outage. So every campaign counts what it tested, and
//! one that tested nothing is inconclusive.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a trial, or a campaign, tested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tested {
    /// How many trials were judged.
    pub trials: u64,
    /// The faults done, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, FaultsDone>,
    /// How many requests of the plans were in flight during an outage, which lasts from the fault's
    /// first act until its backend is seen ready again. Probes do not count.
    pub requests_in_outages: u64,
    /// How many steps the plans had.
    pub steps: u64,
    /// How many of them were skipped, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, u64>,
    /// In how many trials each invariant was judged. It is not judged if there was nothing to judge
    /// (no fault was done), or if it is undecided.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judged: BTreeMap<String, u64>,
    /// Why each invariant was not judged in some trial, if every such trial gives the same reason;
    /// otherwise empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub why_not_judged: BTreeMap<String, String>,
}

/// The faults of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct FaultsDone {
    /// How many were done.
    pub done: u64,
    /// During how many of their outages a request of the plan was in flight.
    pub met: u64,
    /// The longest measured outage in milliseconds; of a `rapid`, the longest time between a kill
    /// and the next start.
    pub longest_ms: u64,
}

impl Tested {
    /// Adds what another trial tested.
    pub fn add(&mut self, other: &Tested) {
        self.trials += other.trials;
        self.requests_in_outages += other.requests_in_outages;
        self.steps += other.steps;
        for (kind, more) in &other.faults {
            let faults = self.faults.entry(kind.clone()).or_default();
            faults.done += more.done;
            faults.met += more.met;
            faults.longest_ms = faults.longest_ms.max(more.longest_ms);
        }
        for (reason, count) in &other.skipped {
            *self.skipped.entry(reason.clone()).or_default() += count;
        }
        for (invariant, trials) in &other.judged {
            *self.judged.entry(invariant.clone()).or_default() += trials;
        }
        for (invariant, why) in &other.why_not_judged {
            let known = self.why_not_judged.entry(invariant.clone());
            let known = known.or_insert_with(|| why.clone());
            if known != why {
                known.clear();
            }
        }
    }

    /// How many faults were done.
    pub fn faults_done(&self) -> u64 {
        self.faults.values().map(|faults| faults.done).sum()
    }

    /// During how many of their outages a request of the plan was in flight.
    pub fn outages_met(&self) -> u64 {
        self.faults.values().map(|faults| faults.met).sum()
    }

    /// How many steps were skipped.
    pub fn steps_skipped(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Whether there was no trial, or the summary is from before this was counted.
    pub fn is_unknown(&self) -> bool {
        self.trials == 0
    }

    /// Why nothing was tested at all, and which key to change; none if something was. With
    /// `needs_requests`, outages must have met requests: a scenario may leave the API idle on
    /// purpose, but random plans may not.
    pub fn nothing(&self, needs_requests: bool) -> Option<String> {
        let skipped = match self.steps_skipped() {
            0 => String::new(),
            n => format!("{n} of {} steps were skipped; ", self.steps),
        };
        if self.is_unknown() {
            return None;
        }
        if self.faults_done() == 0 {
            return Some(format!(
                "{skipped}no fault was done: allow more by `[generator] faults`, or fewer steps that wait for an event by \
                 `[generator] event-anchors`"
            ));
        }
        (needs_requests && self.requests_in_outages == 0).then(|| {
            format!(
                "{skipped}no request met an outage: ask for steady load by `[generator] background` and `background-rate`, or for \
                 longer outages by `[generator] min-outage`"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(done: u64, met: u64, skipped: u64) -> Tested {
        let faults = FaultsDone {
            done,
            met,
            longest_ms: 7,
        };
        Tested {
            trials: 1,
            faults: BTreeMap::from([("kill".to_owned(), faults)]),
            requests_in_outages: met,
            steps: 13,
            skipped: BTreeMap::from([("why".to_owned(), skipped)]),
            judged: BTreeMap::from([("recovers".to_owned(), 1)]),
            why_not_judged: BTreeMap::from([
                ("no-leak".to_owned(), "the API did not recover".to_owned()),
                ("accounting".to_owned(), format!("{skipped} steps")),
            ]),
        }
    }

    #[test]
    fn what_two_trials_tested_adds_up() {
        let mut sum = tested(2, 1, 3);
        sum.add(&tested(1, 0, 4));
        assert_eq!((sum.trials, sum.steps, sum.steps_skipped()), (2, 26, 7));
        assert_eq!((sum.faults_done(), sum.outages_met()), (3, 1));
        assert_eq!(
            (sum.judged["recovers"], sum.faults["kill"].longest_ms),
            (2, 7)
        );
        assert_eq!(sum.why_not_judged["no-leak"], "the API did not recover");
        assert_eq!(sum.why_not_judged["accounting"], "", "they differ");
    }

    #[test]
    fn nothing_tested_is_said_with_the_key_to_change() {
        let unmet = tested(4, 0, 9).nothing(true).unwrap();
        assert!(
            unmet.starts_with("9 of 13 steps were skipped; no request met an outage")
                && unmet.contains("`[generator] background`"),
            "{unmet}"
        );
        assert_eq!(tested(4, 0, 9).nothing(false), None);
        assert_eq!(tested(4, 1, 9).nothing(true), None);
        let undone = tested(0, 0, 0).nothing(false).unwrap();
        assert!(
            undone.starts_with("no fault was done") && undone.contains("`[generator] faults`"),
            "{undone}"
        );
        assert_eq!(Tested::default().nothing(true), None);
    }
}
