//! Kinds of event that this version knows, and those that it does not.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::EventKind;

/// The names of the kinds that this version knows. An event with one of these names and wrong
/// fields is an error. An event with any other name is [`EventKind::Other`].
const KNOWN: [&str; 32] = [
    "phase",
    "step-started",
    "step-ended",
    "step-skipped",
    "sent",
    "accepted",
    "polled",
    "poll-lost",
    "mismatched",
    "ended",
    "fault-intent",
    "fault-acted",
    "not-ready",
    "ready",
    "exited",
    "started",
    "paused",
    "log",
    "link-opened",
    "link-failed",
    "link-first-byte",
    "link-closed",
    "link-counted",
    "log-dropped",
    "resources",
    "lag",
    "crowded",
    "waited",
    "looked-back",
    "trouble",
    "decided",
    "interrupted",
];

// With `remote = "Self"`, the derived code becomes two inherent functions. Only the choice between
// them and `Other` is written by hand. serde's own fallback, `untagged`, would also accept a known
// kind with wrong fields.
impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            EventKind::Other(fields) => fields.serialize(serializer),
            known => EventKind::serialize(known, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        match fields.get("event").and_then(Value::as_str) {
            Some(name) if !KNOWN.contains(&name) => Ok(EventKind::Other(fields)),
            _ => EventKind::deserialize(Value::Object(fields)).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trace::Event;

    #[test]
    fn known_are_exactly_the_kinds_that_serde_knows() {
        let error = EventKind::deserialize(json!({"event": "?"})).unwrap_err();
        let names = KNOWN.map(|name| format!("`{name}`")).join(", ");
        let expected = format!("unknown variant `?`, expected one of {names}");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_known_kind_with_wrong_fields_is_an_error_that_says_so() {
        let line =
            json!({"seq": 3, "at_us": 9, "event": "accepted", "request": 1, "latency_us": 2});
        let error = serde_json::from_value::<Event>(line).unwrap_err();
        assert_eq!(error.to_string(), "missing field `job`");
    }

    #[test]
    fn an_unknown_kind_is_kept_and_written_back_the_same() {
        let line = r#"{"seq":3,"at_us":9,"event":"eclipse","sun":{"r":[1,2.5,null]},"seen":true}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert!(matches!(event.kind, EventKind::Other(_)));
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
}
