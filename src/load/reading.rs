//! An answer, read against what is expected of it.

use std::fmt;

use serde_json::Value;

use super::HttpAnswer;
use crate::model::Expect;

/// The longest text that is taken from a field of an answer into an event, in bytes. Tokens, ids and states are short.
const MAX_FIELD_BYTES: usize = 512;

/// An answer with its body parsed, where it is JSON.
#[derive(Debug)]
pub(super) struct Reading {
    /// The HTTP status.
    pub status: u16,
    body: String,
    json: Option<Value>,
    is_cut: bool,
}

/// What is asked for may lie in the part of a body that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    status: u16,
    read_bytes: usize,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an answer (status {}) has more than the {} bytes that are read of a body, and what decides about it may lie \
             beyond: raise `[api] max-body`",
            self.status, self.read_bytes
        )
    }
}

impl Reading {
    /// Parses an answer's body.
    pub fn new(answer: &HttpAnswer) -> Self {
        Reading {
            status: answer.status,
            body: String::from_utf8_lossy(&answer.body).trim().to_owned(),
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

    /// Whether the answer is what is expected: its status, and each JSON value. A status that is not expected decides by itself.
    pub fn meets(&self, expect: &Expect) -> Result<bool, Cut> {
        let status_fits = match expect.status {
            Some(status) => self.status == status,
            None => self.is_success(),
        };
        if !status_fits || expect.json.is_empty() {
            return Ok(status_fits);
        }
        let json = self.whole()?;
        let value_fits = |(pointer, value): (&String, &Value)| {
            json.and_then(|json| json.pointer(pointer)) == Some(value)
        };
        Ok(expect.json.iter().all(value_fits))
    }

    /// A string, number or truth value at a JSON pointer, as text. What is longer than any id or state
    /// sensibly is counts as not there.
    pub fn field(&self, pointer: &str) -> Result<Option<String>, Cut> {
        let found = self.whole()?.and_then(|json| json.pointer(pointer));
        let text = found.and_then(plain_text);
        Ok(text.filter(|text| text.len() <= MAX_FIELD_BYTES))
    }

    /// The token that the answer echoes. Where the text that it is looked for in holds this request's own token, among other
    /// words perhaps, it is that; otherwise it is what stands there.
    pub fn echo(&self, expect: &Expect, token: &str) -> Result<Option<String>, Cut> {
        let Some(pointer) = expect.echo.as_deref() else {
            return Ok(None);
        };
        let found = self.whole()?.and_then(|json| json.pointer(pointer));
        Ok(found.and_then(plain_text).map(|text| {
            if text.contains(token) {
                return token.to_owned();
            }
            cut(text)
        }))
    }

    /// What the answer says went wrong: its JSON `error`, `message`, `detail` or `description`, if that is a text,
    /// otherwise the whole body. Empty if the body is.
    pub fn message(&self) -> String {
        ["/error", "/message", "/detail", "/description"]
            .iter()
            .find_map(|pointer| self.at(pointer)?.as_str())
            .map_or_else(|| self.body.clone(), |text| text.trim().to_owned())
    }

    /// What stands at a JSON pointer, in words; empty if nothing does. Without a pointer, the whole body.
    pub fn message_at(&self, pointer: Option<&str>) -> String {
        match pointer {
            None => self.body.clone(),
            Some(pointer) => match self.at(pointer) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(value) => value.to_string(),
            },
        }
    }

    /// The body as JSON, if it is any.
    fn whole(&self) -> Result<Option<&Value>, Cut> {
        match self.is_cut {
            true => Err(Cut {
                status: self.status,
                read_bytes: self.body.len(),
            }),
            false => Ok(self.json.as_ref()),
        }
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.json.as_ref()?.pointer(pointer)
    }
}

fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_FIELD_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reading(status: u16, body: &str) -> Reading {
        Reading::new(&HttpAnswer {
            status,
            body: body.to_owned().into(),
            is_cut: false,
        })
    }

    #[test]
    fn an_answer_is_a_success_by_status_and_by_values() {
        let any = Expect::default();
        assert!(reading(204, "").meets(&any).unwrap());
        assert!(!reading(302, "").meets(&any).unwrap());
        let one = Expect {
            status: Some(201),
            ..Expect::default()
        };
        assert!(reading(201, "").meets(&one).unwrap());
        assert!(!reading(200, "").meets(&one).unwrap());
        let valued = Expect {
            json: [("/a/0".to_owned(), json!(1)), ("/s".to_owned(), json!("x"))].into(),
            ..Expect::default()
        };
        assert!(reading(200, r#"{"a":[1],"s":"x"}"#).meets(&valued).unwrap());
        assert!(!reading(200, r#"{"a":[2],"s":"x"}"#).meets(&valued).unwrap());
        assert!(!reading(200, r#"{"a":[1]}"#).meets(&valued).unwrap());
        assert!(!reading(200, "not JSON").meets(&valued).unwrap());
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
        let expect = Expect {
            echo: Some("/prompt".to_owned()),
            ..Expect::default()
        };
        let echo = |body: &str| reading(200, body).echo(&expect, "t-00000001").unwrap();
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
        let cut = |status| {
            Reading::new(&HttpAnswer {
                status,
                body: "[1]".into(),
                is_cut: true,
            })
        };
        let any = Expect::default();
        assert_eq!(cut(200).meets(&any), Ok(true));
        assert_eq!(cut(500).meets(&any), Ok(false));
        assert_eq!(cut(500).message(), "[1]");
        assert_eq!(cut(200).echo(&any, "t"), Ok(None), "nobody asks for it");
        let valued = Expect {
            json: [("/0".to_owned(), json!(1))].into(),
            echo: Some("/0".to_owned()),
            ..Expect::default()
        };
        assert_eq!(cut(500).meets(&valued), Ok(false), "the status decides");
        // It begins like an array of one number, but nobody knows how it goes on.
        let beyond = cut(200).meets(&valued).unwrap_err();
        assert_eq!(cut(200).echo(&valued, "t"), Err(beyond));
        assert_eq!(cut(200).field("/0"), Err(beyond));
        assert!(beyond.to_string().ends_with("raise `[api] max-body`"));
    }
}
