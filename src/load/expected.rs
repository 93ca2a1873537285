//! What the response to one request must be.

use std::fmt;
use std::sync::Arc;

use hyper::header::HeaderName;
use regex::Regex;
use serde_json::Value;

use super::reading::{Cut, Reading, plain_text};

/// What the response to one request must be.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// The expected status; `None` means any 2xx.
    pub status: Option<u16>,
    /// The expected content.
    pub parts: Vec<Part>,
}

/// One expected value in a response.
#[derive(Debug)]
pub(super) struct Part {
    /// Where the value is expected.
    pub place: AnswerPart,
    /// The value.
    pub wanted: Wanted,
    /// Whether the value identifies this request: it was drawn for it, or is in its path. A common
    /// value such as `ok` does not tell whose response it is.
    pub is_own: bool,
}

/// A place in a response.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AnswerPart {
    /// A header.
    Header(HeaderName),
    /// A JSON pointer.
    Json(String),
    /// Anywhere in the body, as text.
    Text,
    /// Anywhere in the body, by a pattern.
    Regex,
}

/// An expected value.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Exactly this value.
    Value(Value),
    /// A string, number or boolean with this text.
    Words(String),
    /// A text that contains this one.
    Contained(String),
    /// A text that this pattern matches. Shared, because a clone would lose the regex's caches.
    Match(Arc<Regex>),
}

impl Expected {
    /// Whether the status is the expected one.
    pub fn status_fits(&self, reading: &Reading) -> bool {
        match self.status {
            Some(status) => reading.status == status,
            None => reading.is_success(),
        }
    }

    /// The parts that a response lacks.
    ///
    /// # Errors
    /// When the part of the body that was not read may decide.
    pub fn missed(&self, reading: &Reading) -> Result<Vec<&Part>, Cut> {
        let mut missed = Vec::new();
        for part in &self.parts {
            if !part.fits(reading)? {
                missed.push(part);
            }
        }
        Ok(missed)
    }

    /// Whether this request asked for the value that a response has at a place. Empty values never
    /// count: an API also returns them when it has lost data.
    pub fn asked_for(&self, place: &AnswerPart, reading: &Reading) -> bool {
        let is_at = |part: &&Part| {
            part.is_own && part.place == *place && !part.wanted.to_string().is_empty()
        };
        let mut parts = self.parts.iter().filter(is_at);
        parts.any(|part| part.fits(reading) == Ok(true))
    }

    /// Whether any part identifies this request.
    pub fn has_own(&self) -> bool {
        self.parts.iter().any(|part| part.is_own)
    }
}

impl Part {
    fn fits(&self, reading: &Reading) -> Result<bool, Cut> {
        match (&self.place, &self.wanted) {
            (AnswerPart::Header(name), wanted) => Ok(reading.header(name).any(|value| {
                // `text/html; charset=utf-8` counts as `text/html`.
                let plain = value.split(';').next().unwrap_or_default().trim_end();
                wanted.reads(value) || wanted.reads(plain)
            })),
            (AnswerPart::Json(pointer), Wanted::Value(value)) => {
                Ok(reading.value(pointer)? == Some(value))
            }
            (AnswerPart::Json(pointer), wanted) => {
                let found = reading.value(pointer)?.and_then(plain_text);
                Ok(found.is_some_and(|found| wanted.reads(&found)))
            }
            (AnswerPart::Text | AnswerPart::Regex, wanted) => reading
                .whole_text(matches!(wanted, Wanted::Contained(_)), |body| {
                    wanted.reads(body)
                }),
        }
    }

    /// What the response has at this place, as text.
    pub fn found(&self, reading: &Reading) -> Option<String> {
        match &self.place {
            AnswerPart::Header(name) => {
                let values: Vec<_> = reading.header(name).collect();
                (!values.is_empty()).then(|| values.join(", "))
            }
            AnswerPart::Json(pointer) => reading.value(pointer).ok().flatten().map(words),
            AnswerPart::Text | AnswerPart::Regex => Some(reading.body().to_owned()),
        }
    }
}

impl Wanted {
    fn reads(&self, text: &str) -> bool {
        match self {
            Wanted::Value(value) => value.as_str() == Some(text),
            Wanted::Words(words) => words == text,
            Wanted::Contained(part) => text.contains(part),
            Wanted::Match(pattern) => pattern.is_match(text),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Value(value) => f.write_str(&words(value)),
            Wanted::Words(text) | Wanted::Contained(text) => f.write_str(text),
            Wanted::Match(pattern) => f.write_str(pattern.as_str()),
        }
    }
}

/// The notation in traces: a JSON pointer, `header NAME`, `text` or `regex`.
impl fmt::Display for AnswerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerPart::Header(name) => write!(f, "header {name}"),
            AnswerPart::Json(pointer) => f.write_str(pointer),
            AnswerPart::Text => f.write_str("text"),
            AnswerPart::Regex => f.write_str("regex"),
        }
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
