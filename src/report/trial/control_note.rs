//! The control of a failure: the same plan without its faults.

use serde_json::Value;

use super::TrialReport;

/// What came of a failing plan without its faults, from a trace's notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlNote {
    /// What came of it, as a sentence.
    pub words: &'static str,
    /// The name of its trace in the run's folder.
    pub trace: Option<String>,
}

impl TrialReport {
    /// The control, if there was one. If several notes tell of one, the last counts.
    pub fn control(&self) -> Option<ControlNote> {
        self.trace.notes.iter().rev().find_map(ControlNote::of)
    }
}

impl ControlNote {
    /// Reads a note. None if it is another one, or says anything more.
    pub(super) fn of(note: &Value) -> Option<Self> {
        let fields = note.as_object().filter(|fields| fields.len() == 1)?;
        let control = fields.get("control")?.as_object()?;
        let is_known = |name: &String| name == "verdict" || name == "trace";
        if !control.keys().all(is_known) {
            return None;
        }
        Some(ControlNote {
            words: match control.get("verdict")?.as_str()? {
                "holds" => "The same requests without any fault were all right.",
                "inconclusive" => "The same requests without any fault were inconclusive.",
                "violated" => "The same requests without any fault fail too, in another way.",
                _ => return None,
            },
            trace: control
                .get("trace")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_note_that_only_looks_like_a_control_is_left_to_others() {
        let of = |note: Value| ControlNote::of(&note);
        let control = of(json!({"control": {"verdict": "holds", "trace": "c.jsonl"}}));
        assert_eq!(control.unwrap().trace.as_deref(), Some("c.jsonl"));
        assert_eq!(of(json!({"control": {"verdict": "odd"}})), None);
        assert_eq!(
            of(json!({"control": {"verdict": "holds", "more": 1}})),
            None
        );
        assert_eq!(of(json!({"control": "of somebody else"})), None);
    }
}
