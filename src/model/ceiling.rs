//! The largest numbers that comeback accepts from a configuration, the command line or a file. A
//! larger one is a slip or an attack. It is refused by name where it is read, so that no sum of
//! times overflows and no number alone makes the harness run out of memory.

use std::time::Duration;

use super::{Action, BACKGROUND, Burst, Misfit, NumberKind, Pace, Plan, Step, StepId};

/// The longest duration: 366 days. Thousands of these still add up in 64 bits of microseconds.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// [`LONGEST`] in milliseconds.
pub const LONGEST_MS: u64 = LONGEST.as_millis() as u64;

/// [`LONGEST`] in words.
pub const LONGEST_WORDS: &str = "366 days";

/// The most steps of a plan.
pub const MOST_STEPS: u32 = 1_000;

/// The most requests of a burst.
pub const MOST_REQUESTS: u32 = 100_000;

/// The most requests in flight at once.
pub const MOST_AT_ONCE: u32 = 10_000;

/// The most requests per second.
pub const MOST_PER_S: f64 = 100_000.0;

/// The most restarts of one fault.
const MOST_RESTARTS: u32 = 1_000;

/// The most bytes after which a link cuts a reply, and the most KiB per second that it lets
/// through.
const MOST_OF_A_LINK: u64 = 1 << 40;

/// The largest number of anything else that is counted, except bytes.
pub const MOST: u64 = 1_000_000_000;

/// The most bytes: 1 TiB.
pub const MOST_BYTES: u64 = 1 << 40;

/// Reads a duration such as `90s` or `1m 30s`.
///
/// # Errors
/// When it is not a duration, or longer than [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let parsed = humantime::parse_duration(text).map_err(|_| DurationError::Unreadable)?;
    bounded(parsed)
}

/// A duration as [`duration`] reads it, such as `1m 30s`, to be pasted into a configuration or a
/// command line. What only people read is written by [`model::duration`](super::duration).
pub fn written(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Returns the duration if it is not too long.
///
/// # Errors
/// When it is longer than [`LONGEST`].
pub fn bounded(duration: Duration) -> Result<Duration, DurationError> {
    match duration <= LONGEST {
        true => Ok(duration),
        false => Err(DurationError::TooLong),
    }
}

/// What is wrong with a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It cannot be read.
    #[error("expected a duration such as `90s`, `1m 30s` or `500ms`")]
    Unreadable,
    /// It is longer than [`LONGEST`].
    #[error("it is longer than {LONGEST_WORDS}; give a shorter one, such as `90s`")]
    TooLong,
}

impl Plan {
    /// Checks the plan by itself: step names are unique and not reserved, and no number exceeds
    /// what comeback accepts. Whether it fits a stack is another question.
    ///
    /// # Errors
    /// Names the first step that is wrong.
    pub fn check(&self) -> Result<(), Misfit> {
        if let Some(step) = self.steps.get(MOST_STEPS as usize) {
            let count = self.steps.len();
            let what =
                format!("the plan has {count} steps, and no plan may have more than {MOST_STEPS}");
            return Err(Misfit::cap(&step.id, what));
        }
        self.check_ids()?;
        if let Some(background) = &self.background {
            rate_is_bounded(&StepId::from(BACKGROUND), background.rate_per_s)?;
        }
        self.steps.iter().try_for_each(step_is_bounded)
    }
}

fn step_is_bounded(step: &Step) -> Result<(), Misfit> {
    for kind in NumberKind::ALL {
        let (field, most) = match kind {
            // Not an amount: the anchor may name a request that never comes.
            NumberKind::Nth => continue,
            NumberKind::Requests => ("count", MOST_REQUESTS.into()),
            NumberKind::Concurrency => ("concurrency", MOST_AT_ONCE.into()),
            NumberKind::Restarts => ("restarts", MOST_RESTARTS.into()),
            NumberKind::Outage => ("outage_ms", LONGEST_MS),
            NumberKind::Gap => ("gap_ms", LONGEST_MS),
            NumberKind::Grace => ("grace_ms", LONGEST_MS),
            NumberKind::Latency => ("latency_ms", LONGEST_MS),
            NumberKind::Rate => ("rate_kib_s", MOST_OF_A_LINK),
            NumberKind::ByteGap => ("gap_ms", LONGEST_MS),
            NumberKind::Bytes => ("after_bytes", MOST_OF_A_LINK),
            NumberKind::Idle => ("idle_ms", LONGEST_MS),
            NumberKind::Think => ("think_ms", LONGEST_MS),
            NumberKind::Wait => ("wait_ms", LONGEST_MS),
            NumberKind::Offset => ("offset_ms", LONGEST_MS),
        };
        if let Some(number) = step.number(kind).filter(|number| *number > most) {
            let why = match kind.is_time() {
                true => format!("no time may be longer than {LONGEST_WORDS}"),
                false => format!("no more than {most} are possible"),
            };
            let what = format!("`{field}` is {number}, and {why}");
            return Err(Misfit::cap(&step.id, what));
        }
    }
    match &step.action {
        Action::Burst(Burst {
            pace: Pace::Open { rate_per_s },
            ..
        }) => rate_is_bounded(&step.id, *rate_per_s),
        _ => Ok(()),
    }
}

fn rate_is_bounded(id: &StepId, rate_per_s: f64) -> Result<(), Misfit> {
    // NaN passes here: JSON has none, and the check against a stack refuses it.
    if rate_per_s.is_nan() || rate_per_s <= MOST_PER_S {
        return Ok(());
    }
    let what = format!("`rate_per_s` is {rate_per_s}, and no more than {MOST_PER_S} are possible");
    Err(Misfit::cap(id, what))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A plan that has every number that a plan can have.
    fn plan() -> Value {
        let at = json!({"at": {"offset_ms": 5}});
        json!({
            "seed": 1, "index": 0,
            "background": {"rate_per_s": 2.0, "mix": {"r": 1}},
            "steps": [
                {"id": "b1", "anchor": at, "burst": {"count": 3, "concurrency": 2,
                    "pace": {"closed": {"think_ms": 4}}, "mix": {"r": 1}}},
                {"id": "b2", "anchor": {"after": {"step": "b1", "edge": "end", "offset_ms": 6}},
                    "burst": {"count": 3, "concurrency": 2, "pace": {"open": {"rate_per_s": 1.5}}, "mix": {"r": 1}}},
                {"id": "f1", "anchor": {"in-flight": {"burst": "b1", "nth": 2, "offset_ms": 7}},
                    "fault": {"backend": "db", "kind": "stop", "grace_ms": 8, "outage_ms": 9}},
                {"id": "f2", "anchor": {"ready": {"fault": "f1", "offset_ms": 7}},
                    "fault": {"backend": "db", "kind": "rapid", "restarts": 3, "gap_ms": 8, "outage_ms": 9}},
                {"id": "w1", "anchor": {"log": {"pattern": "x", "offset_ms": 7}}, "wait": {"wait_ms": 10}},
            ]
        })
    }

    /// The places of all numbers in a document.
    fn numbers(at: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Number(_) => found.push(at.to_owned()),
            Value::Array(all) => {
                for (place, inner) in all.iter().enumerate() {
                    numbers(&format!("{at}/{place}"), inner, found);
                }
            }
            Value::Object(all) => {
                for (name, inner) in all {
                    numbers(&format!("{at}/{name}"), inner, found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn an_absurd_number_anywhere_in_a_plan_is_refused_by_step_and_name() {
        let sound: Plan = serde_json::from_value(plan()).unwrap();
        assert_eq!(sound.check(), Ok(()));
        let mut places = Vec::new();
        numbers("", &plan(), &mut places);
        // These are names and weights rather than amounts; which request an anchor waits for may be
        // one that never comes.
        let free = |place: &String| {
            ["/seed", "/index", "/nth"]
                .iter()
                .any(|name| place.ends_with(name))
                || place.contains("/mix/")
        };
        places.retain(|place| !free(place));
        assert!(places.len() >= 17, "{places:?}");
        for place in places {
            let mut absurd = plan();
            let number = absurd.pointer_mut(&place).unwrap();
            let name = place.rsplit('/').next().unwrap();
            *number = match name {
                "rate_per_s" => json!(1e300),
                "count" | "concurrency" | "restarts" => json!(u32::MAX),
                _ => json!(u64::MAX),
            };
            let absurd: Plan = serde_json::from_value(absurd).unwrap();
            let refusal = absurd.check().unwrap_err().to_string();
            assert!(refusal.contains(&format!("`{name}`")), "{place}: {refusal}");
        }
    }

    #[test]
    fn a_plan_of_too_many_steps_is_refused() {
        let mut long: Plan = serde_json::from_value(plan()).unwrap();
        long.steps = (0..=MOST_STEPS)
            .map(|number| Step {
                id: StepId(format!("w{number}")),
                ..long.steps[4].clone()
            })
            .collect();
        let refusal = long.check().unwrap_err().to_string();
        assert!(refusal.contains("1001 steps"), "{refusal}");
    }

    #[test]
    fn a_duration_is_bounded_where_it_is_read() {
        assert_eq!(duration("366d"), Ok(LONGEST));
        assert_eq!(duration("366d 1ms"), Err(DurationError::TooLong));
        let longest = format!("{}s", u64::MAX);
        assert_eq!(duration(&longest), Err(DurationError::TooLong));
        assert_eq!(duration("soon"), Err(DurationError::Unreadable));
        let time = Duration::from_millis(90_500);
        assert_eq!(duration(&written(time)), Ok(time));
    }
}
