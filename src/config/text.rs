//! Texts that mean something: durations, addresses, patterns.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};

use super::complaint::Problem;
use super::key_path::KeyPath;
use crate::model::ceiling::{self, DurationError, LONGEST_WORDS};

/// How it is said of a duration, for its remedy to be found.
pub(super) const TOO_LONG: &str = "is longer than";

/// A length of time, no longer than [`ceiling::LONGEST`], written like `90s`, `1m 30s` or `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DurationText(pub(super) Duration);

impl DurationText {
    /// In whole milliseconds.
    pub(super) fn ms(self) -> u64 {
        self.0.as_millis() as u64
    }

    /// The length, if it is not zero.
    pub(super) fn above_zero(self, key: KeyPath) -> Result<Duration, Problem> {
        if self.0.is_zero() {
            return Err(Problem::at(key, "it must be longer than nothing"));
        }
        Ok(self.0)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = DurationText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `90s`, `1m 30s` or `500ms`, in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DurationText, E> {
        match ceiling::duration(text) {
            Ok(time) => Ok(DurationText(time)),
            Err(DurationError::Unreadable) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            Err(DurationError::TooLong) => {
                Err(E::custom(format!("`{text}` {TOO_LONG} {LONGEST_WORDS}")))
            }
        }
    }
}

/// A number that is no larger than what makes sense at all.
pub(super) fn at_most<N: PartialOrd + fmt::Display>(
    key: KeyPath,
    number: N,
    most: N,
) -> Result<N, Problem> {
    if number > most {
        let what = format!("{number} is more than {most}, which is the most that is possible");
        return Err(Problem::at(key, what).remedy("give a smaller number"));
    }
    Ok(number)
}

/// An HTTP URL, without the slash at its end.
pub(super) fn url(key: KeyPath, text: &str) -> Result<String, Problem> {
    let valid = ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
        && text
            .parse::<hyper::Uri>()
            .is_ok_and(|uri| uri.host().is_some());
    if !valid {
        return Err(
            Problem::at(key, format!("`{text}` is no URL with a scheme and a host"))
                .remedy("write it like `http://127.0.0.1:5001`"),
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// An HTTP URL with a path and a query, as it is written.
pub(super) fn whole_url(key: KeyPath, text: String) -> Result<String, Problem> {
    url(key, &text).map(|_| text)
}

/// `host:port`.
pub(super) fn address(key: KeyPath, text: String) -> Result<String, Problem> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text),
        _ => Err(
            Problem::at(key, format!("`{text}` is no address with a port"))
                .remedy("write it like `127.0.0.1:6379`"),
        ),
    }
}

/// A regular expression.
pub(super) fn pattern(key: KeyPath, text: String) -> Result<String, Problem> {
    match regex::Regex::new(&text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let error = error.to_string();
            // The crate draws a picture of the pattern and says what is wrong in its last line.
            let reason = error.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            Err(
                Problem::at(key, format!("`{text}` is no regular expression: {reason}"))
                    .remedy("the syntax is that of Rust's `regex` crate"),
            )
        }
    }
}

/// A JSON pointer.
pub(super) fn pointer(key: KeyPath, text: &str) -> Result<(), Problem> {
    if text.is_empty() || text.starts_with('/') {
        return Ok(());
    }
    Err(
        Problem::at(key, format!("`{text}` is no JSON pointer")).remedy(format!(
            "a pointer begins with a slash: `/{}`",
            text.replace('.', "/")
        )),
    )
}

/// A program and its arguments.
pub(super) fn command(key: KeyPath, words: Vec<String>) -> Result<Vec<String>, Problem> {
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(Problem::at(key, "there is no program to run")
            .remedy("write it like `[\"nginx\", \"-g\", \"daemon off;\"]`")),
    }
}
