//! What the answer to one request has to be.

use std::fmt;
use std::sync::Arc;

use hyper::header::HeaderName;
use regex::Regex;
use serde_json::Value;

use super::parsed_answer::{Cut, ParsedAnswer, plain_text};

/// What the answer to one request has to be.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// The one status that counts; without it any 2xx does.
    pub status: Option<u16>,
    /// What it has to say.
    pub parts: Vec<Part>,
}

/// One thing that an answer has to say.
#[derive(Debug)]
pub(super) struct Part {
    /// Where.
    pub place: AnswerPart,
    /// What.
    pub wanted: Wanted,
    /// Whether it belongs to this request: it was drawn for it, or stands in its path. What others
    /// have in common with it, such as `ok`, tells nothing of whose answer it is.
    pub is_own: bool,
}

/// Where in an answer something is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AnswerPart {
    /// A header.
    Header(HeaderName),
    /// What stands at a JSON pointer.
    Json(String),
    /// Anywhere in the body, as a text.
    Text,
    /// Anywhere in the body, by a pattern.
    Regex,
}

/// What has to stand at a place.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Exactly this value.
    Value(Value),
    /// A text, number or truth value that reads so.
    Words(String),
    /// Something with this text in it.
    Contained(String),
    /// Something in which this matches. A copy of a pattern would have to learn again what it
    /// knows.
    Match(Arc<Regex>),
}

impl Expected {
    /// Whether the status is what is expected.
    pub fn status_fits(&self, answer: &ParsedAnswer) -> bool {
        match self.status {
            Some(status) => answer.status == status,
            None => answer.is_success(),
        }
    }

    /// The parts that an answer misses.
    ///
    /// # Errors
    /// When what decides may lie in what was not read of it.
    pub fn missed(&self, answer: &ParsedAnswer) -> Result<Vec<&Part>, Cut> {
        let mut missed = Vec::new();
        for part in &self.parts {
            if !part.fits(answer)? {
                missed.push(part);
            }
        }
        Ok(missed)
    }

    /// Whether this request asked for what an answer has at a place. Nobody asks for an empty text:
    /// it is what an API says that has lost something.
    pub fn asked_for(&self, place: &AnswerPart, answer: &ParsedAnswer) -> bool {
        let is_at = |part: &&Part| {
            part.is_own && part.place == *place && !part.wanted.to_string().is_empty()
        };
        let mut parts = self.parts.iter().filter(is_at);
        parts.any(|part| part.fits(answer) == Ok(true))
    }

    /// Whether anything belongs to this request alone.
    pub fn has_own(&self) -> bool {
        self.parts.iter().any(|part| part.is_own)
    }
}

impl Part {
    fn fits(&self, answer: &ParsedAnswer) -> Result<bool, Cut> {
        match (&self.place, &self.wanted) {
            (AnswerPart::Header(name), wanted) => Ok(answer.header(name).any(|value| {
                // `text/html` is also what `text/html; charset=utf-8` says.
                let plain = value.split(';').next().unwrap_or_default().trim_end();
                wanted.reads(value) || wanted.reads(plain)
            })),
            (AnswerPart::Json(pointer), Wanted::Value(value)) => {
                Ok(answer.value(pointer)? == Some(value))
            }
            (AnswerPart::Json(pointer), wanted) => {
                let found = answer.value(pointer)?.and_then(plain_text);
                Ok(found.is_some_and(|found| wanted.reads(&found)))
            }
            (AnswerPart::Text | AnswerPart::Regex, wanted) => answer
                .whole_text(matches!(wanted, Wanted::Contained(_)), |body| {
                    wanted.reads(body)
                }),
        }
    }

    /// What an answer has there, in words; none if it has nothing.
    pub fn found(&self, answer: &ParsedAnswer) -> Option<String> {
        match &self.place {
            AnswerPart::Header(name) => {
                let values: Vec<_> = answer.header(name).collect();
                (!values.is_empty()).then(|| values.join(", "))
            }
            AnswerPart::Json(pointer) => answer.value(pointer).ok().flatten().map(words),
            AnswerPart::Text | AnswerPart::Regex => Some(answer.body().to_owned()),
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

/// The words that a trace has for a place: a JSON pointer, `header NAME`, `text` or `regex`.
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
