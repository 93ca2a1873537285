//! A response with its body parsed.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use serde_json::Value;

use super::HttpAnswer;

/// The longest text that is copied from a response field into an event, in bytes. Tokens, ids and
/// states are short.
const MAX_FIELD_BYTES: usize = 512;

/// A response with its body parsed, if that is JSON.
#[derive(Debug)]
pub(super) struct Reading {
    /// The HTTP status.
    pub status: u16,
    headers: HeaderMap,
    body: String,
    json: Option<Value>,
    is_cut: bool,
}

/// The value may lie in the part of the body that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    status: u16,
    read_bytes: usize,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a response body (status {}) is longer than the {} bytes that are read, and the rest may decide the outcome: raise \
             `[api] max-body`",
            self.status, self.read_bytes
        )
    }
}

impl Reading {
    /// Parses the body of a response.
    pub fn new(answer: &HttpAnswer) -> Self {
        Reading {
            status: answer.status,
            headers: answer.headers.clone(),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
            json: match answer.is_cut {
                true => None,
                false => serde_json::from_slice(&answer.body).ok(),
            },
            is_cut: answer.is_cut,
        }
    }

    /// Whether the status is a 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The values of a header that are valid text.
    pub fn header(&self, name: &HeaderName) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok())
    }

    /// The value at a JSON pointer.
    pub fn value(&self, pointer: &str) -> Result<Option<&Value>, Cut> {
        Ok(self.whole()?.and_then(|json| json.pointer(pointer)))
    }

    /// Whether the body satisfies `is_right`. If the body was cut, a beginning that satisfies it
    /// decides only if `is_enough`.
    pub fn whole_text(
        &self,
        is_enough: bool,
        is_right: impl FnOnce(&str) -> bool,
    ) -> Result<bool, Cut> {
        let fits = is_right(&self.body);
        match self.is_cut && !(fits && is_enough) {
            true => Err(self.beyond()),
            false => Ok(fits),
        }
    }

    /// The part of the body that was read, as trimmed text.
    pub fn body(&self) -> &str {
        self.body.trim()
    }

    /// The string, number or boolean at a JSON pointer, as text. A text longer than any sensible id
    /// or state counts as missing.
    pub fn field(&self, pointer: &str) -> Result<Option<String>, Cut> {
        let text = self.value(pointer)?.and_then(plain_text);
        Ok(text.filter(|text| text.len() <= MAX_FIELD_BYTES))
    }

    /// The token that the response echoes: this request's own token if the text at the pointer
    /// contains it, otherwise that whole text.
    pub fn echo(&self, pointer: Option<&str>, token: &str) -> Result<Option<String>, Cut> {
        let Some(pointer) = pointer else {
            return Ok(None);
        };
        let found = self.value(pointer)?;
        Ok(found.and_then(plain_text).map(|text| {
            if text.contains(token) {
                return token.to_owned();
            }
            cut(text)
        }))
    }

    /// The error message: the string at `error`, `message`, `detail` or `description` of the JSON
    /// body, otherwise the whole body.
    pub fn message(&self) -> String {
        ["/error", "/message", "/detail", "/description"]
            .iter()
            .find_map(|pointer| self.at(pointer)?.as_str())
            .map_or_else(|| self.body().to_owned(), |text| text.trim().to_owned())
    }

    /// The value at a JSON pointer as text, empty if there is none. Without a pointer, the whole
    /// body.
    pub fn message_at(&self, pointer: Option<&str>) -> String {
        match pointer {
            None => self.body().to_owned(),
            Some(pointer) => match self.at(pointer) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(value) => value.to_string(),
            },
        }
    }

    /// The body, if it is JSON.
    fn whole(&self) -> Result<Option<&Value>, Cut> {
        match self.is_cut {
            true => Err(self.beyond()),
            false => Ok(self.json.as_ref()),
        }
    }

    fn beyond(&self) -> Cut {
        Cut {
            status: self.status,
            read_bytes: self.body.len(),
        }
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.json.as_ref()?.pointer(pointer)
    }
}

/// A string, number or boolean as text.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Cuts a text that is too long for an event.
pub(super) fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_FIELD_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::scripted::answer;

    fn reading(status: u16, body: &str) -> Reading {
        Reading::new(&answer(status, body.to_owned(), false))
    }

    #[test]
    fn the_message_is_the_api_s_own_words() {
        for (body, expected) in [
            (r#"{"error":" backend lost "}"#, "backend lost"),
            (r#"{"detail":"gone","x":1}"#, "gone"),
            (r#"{"error":{"code":7}}"#, r#"{"error":{"code":7}}"#),
            ("  Bad Gateway\n", "Bad Gateway"),
            ("", ""),
            (" \n", ""),
        ] {
            assert_eq!(reading(500, body).message(), expected);
        }
    }

    #[test]
    fn an_own_token_is_found_in_a_longer_text_and_a_foreign_one_is_told() {
        let at = Some("/prompt");
        let echo = |body: &str| reading(200, body).echo(at, "t-00000001").unwrap();
        assert_eq!(
            echo(r#"{"prompt":"say t-00000001!"}"#).unwrap(),
            "t-00000001"
        );
        assert_eq!(echo(r#"{"prompt":"t-00000002"}"#).unwrap(), "t-00000002");
        assert_eq!(echo(r#"{"prompt":null}"#), None);
        assert_eq!(echo("{}"), None);
    }

    #[test]
    fn of_a_body_that_was_cut_only_what_is_sure_is_used() {
        let cut = Reading::new(&answer(200, "[1]", true));
        assert_eq!(cut.message(), "[1]");
        assert_eq!(cut.echo(None, "t"), Ok(None), "nobody asks for it");
        // It looks like an array of one number, but the rest is unknown.
        let beyond = cut.value("/0").unwrap_err();
        assert_eq!(cut.echo(Some("/0"), "t"), Err(beyond));
        assert_eq!(cut.field("/0"), Err(beyond));
        assert_eq!(cut.whole_text(true, |text| text == "[1]"), Ok(true));
        assert_eq!(cut.whole_text(true, |text| text == "[2]"), Err(beyond));
        assert_eq!(cut.whole_text(false, |text| text == "[1]"), Err(beyond));
        assert!(beyond.to_string().ends_with("raise `[api] max-body`"));
    }
}
