//! What a trace notes of its failure: how often it showed, how it was shrunk, and what it needs.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::{Explanation, Reproduced, ShrinkHistory};
use crate::trace::Trace;

const RATE: &str = "rate";
const SHRINK: &str = "shrink";
const EXPLANATION: &str = "explanation";

/// How often the failure of a trace showed in executions that measured its rate; 0 of 0 if the
/// trace does not say.
pub(super) fn rate(trace: &Trace) -> Reproduced {
    let rates = all::<Reproduced>(trace, RATE);
    let mut rates = rates.filter(|rate| rate.failed <= rate.runs && rate.runs > 0);
    rates.next().unwrap_or_default()
}

/// How the plan of a trace was shrunk; none if it is the plan that was found.
pub(super) fn history(trace: &Trace) -> Option<ShrinkHistory> {
    all(trace, SHRINK).next()
}

/// Whether a trace says what its failure needs.
pub(super) fn is_explained(trace: &Trace) -> bool {
    all::<Explanation>(trace, EXPLANATION).next().is_some()
}

/// The notes of a trace after its failure was shrunk again; notes of other kinds stay. A rate that
/// was not measured is not noted.
pub(super) fn renewed(
    notes: &[Value],
    rate: Reproduced,
    history: &ShrinkHistory,
    explanation: Option<&Explanation>,
) -> Vec<Value> {
    let is_old = |note: &&Value| {
        [RATE, SHRINK, EXPLANATION]
            .iter()
            .any(|name| note.get(name).is_some())
    };
    let mut renewed: Vec<Value> = notes.iter().filter(|n| !is_old(n)).cloned().collect();
    renewed.extend((rate.runs > 0).then(|| json!({RATE: rate})));
    renewed.push(json!({SHRINK: history}));
    renewed.extend(explanation.map(|explanation| json!({EXPLANATION: explanation})));
    renewed
}

/// All notes of a trace under a name, the last one first.
fn all<T: DeserializeOwned>(trace: &Trace, name: &str) -> impl Iterator<Item = T> {
    let notes = trace.notes.iter().rev();
    notes.filter_map(move |note| serde_json::from_value(note.get(name)?.clone()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::Script;

    fn noted(failed: u64, runs: u64) -> Value {
        json!({RATE: {"failed": failed, "runs": runs}})
    }

    fn of(notes: Vec<Value>) -> Trace {
        Trace {
            notes,
            ..Script::new(&["job"]).finish(100)
        }
    }

    #[test]
    fn the_latest_rate_counts_and_nonsense_does_not() {
        let of = |notes| {
            let rate = rate(&of(notes));
            (rate.failed, rate.runs)
        };
        assert_eq!(of(vec![]), (0, 0));
        let control = json!({"control": {"verdict": "holds"}});
        assert_eq!(of(vec![noted(9, 9), noted(2, 7), control]), (2, 7));
        assert_eq!(of(vec![noted(9, 2), noted(0, 0), json!(RATE)]), (0, 0));
    }

    #[test]
    fn what_is_known_of_the_failure_is_renewed_and_the_rest_stays() {
        let ticket = json!({"ticket": "API-17"});
        let history = ShrinkHistory {
            runs: 1,
            guard_runs: 0,
            from_steps: 3,
            to_steps: 2,
            finished: false,
            history: Vec::new(),
        };
        let rate = Reproduced { failed: 2, runs: 2 };
        let old = [noted(1, 1), ticket.clone(), json!({EXPLANATION: "old"})];
        let renewed = renewed(&old, rate, &history, None);
        assert_eq!(renewed, [ticket, noted(2, 2), json!({SHRINK: history})]);
    }
}
