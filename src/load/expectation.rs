//! What the responses to a request kind must be.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::Value;

use super::expected::{AnswerPart, Expected, Part, Wanted};
use super::json_text::JsonText;
use super::parsed_answer::plain_text;
use super::placeholder::Text;
use super::scope::PlaceholderScope;
use super::syntax::{self, check_pointer};
use super::values::Values;
use crate::model::{Expect, RequestKind};

/// What the responses to a request kind must be, with all placeholders parsed.
#[derive(Debug)]
pub(super) struct AnswerExpectation {
    status: Option<u16>,
    parts: Vec<Template>,
}

/// One expected value in a response.
#[derive(Debug)]
struct Template {
    place: AnswerPart,
    wanted: Filled,
    is_own: bool,
}

/// An expected value before its placeholders are filled in.
#[derive(Debug)]
enum Filled {
    Value(JsonText),
    Words(Text),
    Contained(Text),
    Match(Arc<Regex>),
}

impl AnswerExpectation {
    /// Parses what a kind expects. `scope` holds what its request draws.
    ///
    /// # Errors
    /// The offending key below `expect`, and why.
    pub fn parse(
        kind: &RequestKind,
        scope: &mut PlaceholderScope,
    ) -> Result<Self, (String, String)> {
        let Expect {
            status,
            json,
            headers,
            text,
            regex,
            echo: _,
        } = &kind.expect;
        let mut parts = Vec::new();
        for (name, value) in headers {
            let part = header(name, value, scope);
            parts.push(part.map_err(|message| (format!("headers.{name}"), message))?);
        }
        for (pointer, value) in json {
            let part = field(kind, pointer, value, scope);
            parts.push(part.map_err(|message| (format!("json.{pointer}"), message))?);
        }
        if let Some(text) = text {
            let text = Text::parse_before_job(text, scope)
                .map_err(|message| ("text".to_owned(), message))?;
            parts.push(Template {
                place: AnswerPart::Text,
                // Unlike a token, a short word may be in other responses by chance.
                is_own: text.is_unique(),
                wanted: Filled::Contained(text),
            });
        }
        if let Some(regex) = regex {
            let pattern =
                Regex::new(regex).map_err(|error| ("regex".to_owned(), error.to_string()))?;
            parts.push(Template {
                place: AnswerPart::Regex,
                wanted: Filled::Match(Arc::new(pattern)),
                is_own: false,
            });
        }
        Ok(AnswerExpectation {
            status: *status,
            parts,
        })
    }

    /// What the response to one request must be.
    pub fn fill(&self, values: &mut Values) -> Expected {
        let parts = self.parts.iter().map(|part| Part {
            place: part.place.clone(),
            wanted: match &part.wanted {
                Filled::Value(json) => Wanted::Value(json.fill(values)),
                Filled::Words(text) => Wanted::Words(text.fill(values)),
                Filled::Contained(text) => Wanted::Contained(text.fill(values)),
                Filled::Match(pattern) => Wanted::Match(Arc::clone(pattern)),
            },
            is_own: part.is_own,
        });
        Expected {
            status: self.status,
            parts: parts.collect(),
        }
    }
}

fn header(name: &str, value: &str, scope: &mut PlaceholderScope) -> Result<Template, String> {
    let (name, _) = syntax::header(name, value)?;
    let text = Text::parse_before_job(value, scope)?;
    Ok(Template {
        place: AnswerPart::Header(name),
        is_own: !text.is_literal(),
        wanted: Filled::Words(text),
    })
}

fn field(
    kind: &RequestKind,
    pointer: &str,
    value: &Value,
    scope: &mut PlaceholderScope,
) -> Result<Template, String> {
    check_pointer(pointer)?;
    let json = JsonText::parse_before_job(value, scope)?;
    let is_own = json.any(&|text| !text.is_literal()) || is_asked_for(&kind.path, value);
    let wanted = match json {
        // A value from the path is text here, but the API may return it as a number.
        JsonText::Text(text) if !text.is_literal() => Filled::Words(text),
        json => Filled::Value(json),
    };
    Ok(Template {
        place: AnswerPart::Json(pointer.to_owned()),
        wanted,
        is_own,
    })
}

/// Whether a value is a whole segment of the path or a whole query value. Then it identifies the
/// request, as a drawn value does and a common word such as `ok` does not.
fn is_asked_for(path: &str, value: &Value) -> bool {
    let words = match value {
        Value::String(_) | Value::Number(_) => plain_text(value),
        _ => None,
    };
    let mut parts = path.split(['/', '?', '&', '=', '#']);
    words.is_some_and(|words| {
        !words.is_empty() && parts.any(|part| percent_decode_str(part).eq(words.bytes()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_literal_is_a_request_s_own_where_it_is_a_whole_part_of_the_path() {
        for (path, value, expected) in [
            ("/profiles/carol", json!("carol"), true),
            ("/profiles/carol%20b?x=1", json!("carol b"), true),
            ("/find?name=carol&n=17", json!("carol"), true),
            ("/find?name=carol&n=17", json!(17), true),
            ("/profiles/carol", json!("car"), false),
            ("/v1/read", json!(1), false),
            ("/read", json!("ok"), false),
            ("/", json!(""), false),
            ("/true/null", json!(true), false),
        ] {
            assert_eq!(is_asked_for(path, &value), expected, "{path} {value}");
        }
    }
}
