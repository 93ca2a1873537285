//! Values with a syntax of their own: durations, URLs, addresses, patterns, commands.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use crate::model::ceiling::{self, DurationError};

/// A duration of at most [`ceiling::LONGEST`], written like `90s`, `1m 30s` or `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct DurationText(pub(super) Duration);

impl TryFrom<toml::Value> for DurationText {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| {
            let unreadable = DurationError::Unreadable;
            format!("{unreadable}, which is text in quotes, not {value}")
        })?;
        let read = ceiling::duration(text).map_err(|error| error.to_string())?;
        Ok(DurationText(read))
    }
}

impl DurationText {
    /// The duration in whole milliseconds.
    pub(super) fn ms(self) -> u64 {
        self.0.as_millis() as u64
    }

    /// The duration, which must not be zero.
    pub(super) fn above_zero(self, key: KeyPath) -> Result<Duration, Problem> {
        if self.0.is_zero() {
            return Err(Problem::at(key, "it must be longer than zero"));
        }
        Ok(self.0)
    }
}

/// Checks a number against its maximum.
pub(super) fn at_most<N: PartialOrd + fmt::Display>(
    key: KeyPath,
    number: N,
    most: N,
) -> Result<N, Problem> {
    if number > most {
        let what = format!("{number} is more than the maximum, {most}");
        return Err(Problem::at(key, what).remedy("give a smaller number"));
    }
    Ok(number)
}

/// Checks an HTTP URL. Returns it without its trailing slash.
pub(super) fn url(key: KeyPath, text: &str) -> Result<String, Problem> {
    let has_scheme = text.starts_with("http://") || text.starts_with("https://");
    let uri = text.parse::<hyper::Uri>();
    if !has_scheme || !uri.is_ok_and(|uri| uri.host().is_some()) {
        let what = format!("`{text}` is not a URL with a scheme and a host");
        return Err(Problem::at(key, what).remedy("write it like `http://127.0.0.1:5001`"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Checks an address of the form `host:port`.
pub(super) fn address(key: KeyPath, text: String) -> Result<String, Problem> {
    match text.rsplit_once(':').map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(text),
        _ => {
            let what = format!("`{text}` is not an address with a port");
            Err(Problem::at(key, what).remedy("write it like `127.0.0.1:6379`"))
        }
    }
}

/// Checks a regular expression.
pub(super) fn pattern(key: KeyPath, text: String) -> Result<String, Problem> {
    if let Err(error) = regex::Regex::new(&text) {
        let error = error.to_string();
        // The crate draws the pattern first; its last line says what is wrong.
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ");
        let what = format!("`{text}` is not a regular expression: {reason}");
        return Err(Problem::at(key, what).remedy("the syntax is that of the Rust crate `regex`"));
    }
    Ok(text)
}

/// Checks a program with its arguments.
pub(super) fn command(key: KeyPath, words: Vec<String>) -> Result<Vec<String>, Problem> {
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(Problem::at(key, "there is no program to run")
            .remedy("write it like `[\"nginx\", \"-g\", \"daemon off;\"]`")),
    }
}
