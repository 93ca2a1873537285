//! How an answer differs from the expected one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of each text is quoted, in bytes.
const QUOTED_BYTES: usize = 120;

/// The difference between an answer of the right status and the expected one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// Where: a JSON pointer into the body, `header NAME`, or `text` or `regex` for what the body
    /// must contain or match.
    pub place: String,
    /// What is expected there.
    pub expected: String,
    /// What is there; none if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// The last other request that asked for what is there: this answer was meant for that request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<u64>,
}

/// The end of a sentence about the request: "was answered with …".
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = quoted(&self.expected);
        let got = self.got.as_deref().unwrap_or_default();
        match self.place.as_str() {
            "text" | "regex" if got.is_empty() => {
                write!(f, "an empty body where {expected} is expected")
            }
            "text" => write!(f, "{}, which does not contain {expected}", quoted(got)),
            "regex" => write!(f, "{}, which {expected} does not match", quoted(got)),
            place => {
                match &self.got {
                    Some(got) => f.write_str(&quoted(got))?,
                    None => f.write_str("nothing")?,
                }
                let place = if place.is_empty() { "the top" } else { place };
                write!(f, " at {place}, where {expected} is expected")
            }
        }
    }
}

/// The beginning of a text in quotes, on one line.
fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(QUOTED_BYTES);
    let more = if end < text.len() { "…" } else { "" };
    let mut line = String::new();
    for c in text[..end].chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    format!("`{line}{more}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_expected_and_what_came_is_quoted() {
        let long = "é".repeat(200);
        for (place, expected, got, words) in [
            (
                "/name",
                "carol",
                Some("bob"),
                "`bob` at /name, where `carol` is expected",
            ),
            (
                "/name",
                "carol",
                None,
                "nothing at /name, where `carol` is expected",
            ),
            (
                "",
                "[]",
                Some("{}"),
                "`{}` at the top, where `[]` is expected",
            ),
            (
                "header x-user",
                "carol",
                Some(""),
                "`` at header x-user, where `carol` is expected",
            ),
            (
                "text",
                "up 1",
                Some("up 0\n\tx"),
                "`up 0\\n\\tx`, which does not contain `up 1`",
            ),
            (
                "regex",
                "up [1-9]",
                Some("up 0"),
                "`up 0`, which `up [1-9]` does not match",
            ),
            (
                "text",
                "up 1",
                Some(""),
                "an empty body where `up 1` is expected",
            ),
            (
                "/a",
                "b",
                Some(&long),
                &format!("`{}…` at /a, where `b` is expected", &long[..120]),
            ),
        ] {
            let mismatch = Mismatch {
                place: place.to_owned(),
                expected: expected.to_owned(),
                got: got.map(str::to_owned),
                asked_by: None,
            };
            assert_eq!(mismatch.to_string(), words);
        }
    }
}
