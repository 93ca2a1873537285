//! The results of shrinking, from a trace's notes.

use serde_json::Value;

use super::TrialReport;
use crate::model::{Explanation, Plan, Reproduced, ShrinkHistory};

/// The results of shrinking a failure; none where the trace has no such note.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counterexample {
    /// What the failure needs.
    pub explanation: Option<Explanation>,
    /// The effort.
    pub shrink: Option<ShrinkHistory>,
    /// How often the plan failed.
    pub rate: Option<Reproduced>,
}

impl TrialReport {
    /// The results of shrinking. If a note occurs several times, the last one counts.
    pub fn counterexample(&self) -> Counterexample {
        let mut found = Counterexample::default();
        for note in &self.trace.notes {
            found.take(note);
        }
        found
    }
}

impl Counterexample {
    /// What the failure needs, in words. Explanations from before there were rules for what they
    /// may claim are not shown.
    pub fn in_words(&self, plan: &Plan) -> Option<String> {
        let explanation = self.explanation.as_ref()?;
        if explanation.rules > 0 {
            return Some(explanation.text.clone());
        }
        let early = match &self.shrink {
            Some(history) if !history.finished => "Shrinking ended early. ",
            _ => "",
        };
        let left = plan.in_words();
        Some(format!(
            "{early}It failed with {left}. An older version of comeback shrank it, with less evidence: `comeback shrink` finds out what of that is needed."
        ))
    }

    /// Reads a note, and returns whether it is one of shrinking's. A note of such a name with other
    /// content is not.
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
