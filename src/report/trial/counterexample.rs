//! What shrinking wrote into a trace's notes.

use serde_json::Value;

use super::TrialReport;
use crate::model::{Explanation, Plan, Reproduced, ShrinkHistory};

/// What shrinking found out about a failure; each part is there if it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counterexample {
    /// What the failure needs.
    pub explanation: Option<Explanation>,
    /// What shrinking took.
    pub shrink: Option<ShrinkHistory>,
    /// How often the plan failed.
    pub rate: Option<Reproduced>,
}

impl TrialReport {
    /// What shrinking found out. Of a note that was written more than once, the last one counts.
    pub fn counterexample(&self) -> Counterexample {
        let mut found = Counterexample::default();
        for note in &self.trace.notes {
            found.take(note);
        }
        found
    }
}

impl Counterexample {
    /// What the failure needs, in words. Explanations of before there were rules for what they may
    /// claim are not repeated.
    pub fn in_words(&self, plan: &Plan) -> Option<String> {
        let explanation = self.explanation.as_ref()?;
        if explanation.rules > 0 {
            return Some(explanation.text.clone());
        }
        let ended_early = self.shrink.as_ref().is_some_and(|shrink| !shrink.finished);
        let early = if ended_early {
            "Shrinking ended early. "
        } else {
            ""
        };
        let left = plan.in_words();
        Some(format!(
            "{early}It failed with {left}. An earlier comeback shrank it, which asked for less evidence: `comeback shrink` finds out what of that is needed."
        ))
    }

    /// Takes a note over, and tells whether it is one of shrinking's: a note of that name with
    /// another content is somebody else's.
    pub(super) fn take(&mut self, note: &Value) -> bool {
        fn read<T: serde::de::DeserializeOwned>(
            note: &Value,
            name: &str,
            into: &mut Option<T>,
        ) -> bool {
            let sole = note.as_object().filter(|fields| fields.len() == 1);
            let value = sole.and_then(|fields| fields.get(name)).cloned();
            let read = value.and_then(|value| serde_json::from_value(value).ok());
            let is_it = read.is_some();
            if is_it {
                *into = read;
            }
            is_it
        }
        read(note, "explanation", &mut self.explanation)
            || read(note, "shrink", &mut self.shrink)
            || read(note, "rate", &mut self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_looks_like_a_note_of_shrinking_is_left_to_others() {
        let mut found = Counterexample::default();
        assert!(found.take(&json!({"rate": {"failed": 2, "runs": 3}})));
        assert!(found.take(&json!({"rate": {"failed": 3, "runs": 4}})));
        assert!(!found.take(&json!({"rate": "often"})));
        assert!(!found.take(&json!({"explanation": "a text of somebody else"})));
        assert!(!found.take(&json!("rate")));
        assert_eq!(found.rate, Some(Reproduced { failed: 3, runs: 4 }));
    }
}
