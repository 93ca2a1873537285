//! The largest numbers that comeback takes from anybody: in a configuration, on the command line,
//! in what is read from disk. What lies beyond is a slip or an attack, and is refused by name where
//! it is read, so that no sum of times overflows and no number alone makes the harness run out of
//! memory.

use std::time::Duration;

use super::{
    Action, BACKGROUND, Background, Burst, Fault, FaultKind, LimitError, Limits, Misfit, Pace,
    Plan, Step, StepId, Wait,
};

/// The longest duration: 366 days. Sums of thousands of these still fit into 64 bits of
/// microseconds.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The most steps of a plan.
pub const MOST_STEPS: u32 = 1_000;

/// The most requests of a burst.
pub const MOST_REQUESTS: u32 = 100_000;

/// The most requests at once.
pub const MOST_AT_ONCE: u32 = 10_000;

/// The most requests per second.
pub const MOST_PER_S: f64 = 100_000.0;

/// The most restarts of one fault.
const MOST_RESTARTS: u32 = 1_000;

/// The largest number of anything else that is counted, bytes apart.
pub const MOST: u64 = 1_000_000_000;

/// The most bytes: 1 TiB.
pub const MOST_BYTES: u64 = 1 << 40;

/// How [`LONGEST`] reads.
pub const LONGEST_WORDS: &str = "366 days";

/// Reads a duration such as `90s` or `1m 30s`.
///
/// # Errors
/// When it is none, or longer than [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let parsed = humantime::parse_duration(text).map_err(|_| DurationError::Unreadable)?;
    bounded(parsed)
}

/// A duration as [`duration`] reads it, such as `1m 30s`: for what is proposed for a configuration
/// or a command line. People read [`model::duration`](super::duration), which nothing has to parse.
pub fn written(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A duration that is not too long.
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
    /// Checks that the plan makes sense by itself: the steps' names are unique, none of them is
    /// reserved, and no number is beyond what comeback takes at all. Whether it fits a stack is
    /// another question.
    ///
    /// # Errors
    /// Names the first step that offends.
    pub fn check(&self) -> Result<(), Misfit> {
        if let Some(step) = self.steps.get(MOST_STEPS as usize) {
            let what = format!(
                "the plan has {} steps, and no plan may have more than {MOST_STEPS}",
                self.steps.len()
            );
            return Err(cap(&step.id, what));
        }
        self.check_ids()?;
        if let Some(Background { rate_per_s, .. }) = &self.background {
            rate(&StepId(BACKGROUND.to_owned()), *rate_per_s)?;
        }
        self.steps.iter().try_for_each(step_is_bounded)
    }
}

impl Limits {
    /// Checks that no limit is beyond what [`Limits::set`] takes: those of a trace are as its
    /// writer left them.
    ///
    /// # Errors
    /// Names the first one that is.
    pub fn check(&self) -> Result<(), LimitError> {
        let resources = self.resources.as_ref();
        let latency = self.latency.as_ref();
        let times = [
            ("answer", Some(self.answer_ms)),
            ("job", Some(self.job_ms)),
            ("recovery", Some(self.recovery_ms)),
            ("grace", self.grace_ms),
            ("cpu-window", resources.map(|r| r.cpu_window_ms)),
            ("latency-slack", latency.map(|l| l.slack_ms)),
        ];
        let numbers = [
            ("failures", self.failures),
            ("stragglers", Some(self.stragglers)),
            ("log-lines", Some(self.log_lines_per_s)),
            ("cpu", resources.map(|r| r.cpu_percent)),
            ("fds", resources.map(|r| r.fds)),
            ("threads", resources.map(|r| r.threads)),
            ("memory", resources.map(|r| r.memory_percent)),
            ("memory-mib", resources.map(|r| r.memory_mib)),
            ("latency", latency.map(|l| l.percent)),
        ];
        let longest_ms = LONGEST.as_millis() as u64;
        limits_are_at_most(&times, longest_ms, "at most 366 days")?;
        limits_are_at_most(&numbers, MOST, "at most 1000000000")
    }
}

fn limits_are_at_most(
    limits: &[(&str, Option<u64>)],
    most: u64,
    expected: &'static str,
) -> Result<(), LimitError> {
    let beyond = limits.iter().find_map(|(name, limit)| {
        let value = limit.filter(|limit| *limit > most)?;
        Some((name, value))
    });
    match beyond {
        Some((name, value)) => Err(LimitError::Value {
            name: (*name).to_owned(),
            value: value.to_string(),
            expected,
        }),
        None => Ok(()),
    }
}

fn step_is_bounded(Step { id, anchor, action }: &Step) -> Result<(), Misfit> {
    time(id, "offset_ms", anchor.offset_ms())?;
    match action {
        Action::Wait(Wait { wait_ms }) => time(id, "wait_ms", *wait_ms),
        Action::Burst(Burst {
            count: requests,
            concurrency,
            pace,
            ..
        }) => {
            count(id, "count", *requests, MOST_REQUESTS)?;
            count(id, "concurrency", *concurrency, MOST_AT_ONCE)?;
            match pace {
                Pace::Closed { think_ms } => time(id, "think_ms", *think_ms),
                Pace::Open { rate_per_s } => rate(id, *rate_per_s),
            }
        }
        Action::Fault(Fault {
            kind, outage_ms, ..
        }) => {
            time(id, "outage_ms", *outage_ms)?;
            match kind {
                FaultKind::Stop { grace_ms } => time(id, "grace_ms", *grace_ms),
                FaultKind::Rapid { restarts, gap_ms } => {
                    count(id, "restarts", *restarts, MOST_RESTARTS)?;
                    time(id, "gap_ms", *gap_ms)
                }
                FaultKind::Kill | FaultKind::Pause | FaultKind::Cut => Ok(()),
            }
        }
    }
}

fn time(id: &StepId, name: &str, ms: u64) -> Result<(), Misfit> {
    if u128::from(ms) <= LONGEST.as_millis() {
        return Ok(());
    }
    let what = format!("`{name}` is {ms}, and no time may be longer than {LONGEST_WORDS}");
    Err(cap(id, what))
}

fn count(id: &StepId, name: &str, number: u32, most: u32) -> Result<(), Misfit> {
    if number <= most {
        return Ok(());
    }
    let what = format!("`{name}` is {number}, and no more than {most} are possible");
    Err(cap(id, what))
}

fn rate(id: &StepId, rate_per_s: f64) -> Result<(), Misfit> {
    // What is no number is refused where it is asked whether a plan fits; JSON has none.
    if rate_per_s.is_nan() || rate_per_s <= MOST_PER_S {
        return Ok(());
    }
    let what = format!("`rate_per_s` is {rate_per_s}, and no more than {MOST_PER_S} are possible");
    Err(cap(id, what))
}

fn cap(id: &StepId, what: String) -> Misfit {
    Misfit::Cap {
        step: id.clone(),
        what,
    }
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
