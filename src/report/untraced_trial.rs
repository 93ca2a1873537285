//! A trial whose trace was not written or not kept, by its line in `trials.ndjson`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::model::{Figure, Signature, Tested, Verdict, count};

/// A trial without a trace: of simulated ones that hold none is written, and old ones of a long
/// campaign are removed to make room.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UntracedTrial {
    /// The index of its plan.
    pub index: u64,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive.
    #[serde(default)]
    pub reason: Option<String>,
    /// How it failed.
    #[serde(default)]
    pub signature: Option<Signature>,
    /// What it tested.
    #[serde(default)]
    pub tested: Tested,
    /// How long recovery took.
    #[serde(default)]
    pub recovery: Vec<Figure>,
}

/// A line of `trials.ndjson`. Other kinds of lines are of no interest here.
#[derive(Deserialize)]
struct Line {
    trial: UntracedTrial,
}

impl UntracedTrial {
    /// The first trials of a campaign's folder, but those with these plans; at most `most`. Older
    /// campaigns have no such file, and one that was killed may have broken its last line off:
    /// what cannot be read is left out.
    pub fn first_of(folder: &Path, but: &BTreeSet<u64>, most: usize) -> Vec<Self> {
        let Ok(file) = File::open(folder.join("trials.ndjson")) else {
            return Vec::new();
        };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        let trials = lines.filter_map(|line| serde_json::from_str::<Line>(&line).ok());
        let trials = trials.map(|line| line.trial);
        let others = trials.filter(|trial| !but.contains(&trial.index));
        others.take(most).collect()
    }

    /// Its faults in words, such as "2 kills, 1 stop".
    pub fn faults(&self) -> String {
        let faults = self.tested.faults.iter();
        let words = faults.map(|(kind, faults)| match kind.as_str() {
            "rapid" => format!("{} series of quick restarts", faults.done),
            "cut" => count(faults.done, "network cut"),
            kind => count(faults.done, kind),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What was found, unless everything held.
    pub fn words(&self) -> String {
        match (&self.signature, &self.reason) {
            (Some(signature), _) => signature.to_string(),
            (None, Some(reason)) => reason.clone(),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_without_a_trace_are_read_in_order_and_other_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let recovery = r#""recovery":[{"name":"sustained-success-ms","kind":"job","value":9.5}]"#;
        let faults = r#""tested":{"trials":1,"requests_in_outages":0,"steps":1,"faults":{"kill":{"done":2,"met":0,"longest_ms":1}}}"#;
        let lines = [
            format!(r#"{{"trial":{{"index":0,"verdict":"holds",{faults},{recovery}}}}}"#),
            r#"{"trial":{"index":1,"verdict":"holds"}}"#.to_owned(),
            r#"{"reused":{}}"#.to_owned(),
            r#"{"trial":{"index":2,"verdict":"inconclusive","reason":"it was late"}}"#.to_owned(),
            r#""ended""#.to_owned(),
            r#"{"trial":{"index":3,"verd"#.to_owned(),
        ];
        std::fs::write(folder.path().join("trials.ndjson"), lines.join("\n")).unwrap();
        let but_1 = BTreeSet::from([1]);
        let trials = UntracedTrial::first_of(folder.path(), &but_1, 10);
        let told = trials.iter().map(|t| (t.index, t.faults(), t.words()));
        assert_eq!(
            Vec::from_iter(told),
            [
                (0, "2 kills".to_owned(), String::new()),
                (2, String::new(), "it was late".to_owned())
            ]
        );
        assert_eq!(trials[0].recovery[0].value, 9.5);
        assert_eq!(UntracedTrial::first_of(folder.path(), &but_1, 1).len(), 1);
    }
}
