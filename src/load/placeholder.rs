//! Texts with placeholders.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::scope::{PlaceholderScope, Remembered};
use super::values::Values;

/// Everything but unreserved characters is escaped when a value from a response becomes part of a
/// path.
const ESCAPED_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text with placeholders, parsed.
///
/// | placeholder | value |
/// |---|---|
/// | `{token}`, `{n}` | the request's token and number |
/// | `{pick:a\|b\|c}` | one of the alternatives, drawn anew at each occurrence; one may be empty, none contains `\|` or `}` |
/// | `{pick}`, `{pick.2}` | the one value that the request draws, or the second of several |
/// | `{after.token}`, `{after.n}`, `{after.pick}` | the same of the request that this one follows |
/// | `{after./id}` | the value at a JSON pointer of that request's response |
/// | `{id}` | the job's id, only in a poll |
/// | `{{` | a literal `{` |
///
/// Anything else in braces is an error, so that a typo is not taken literally. An unmatched `{` or
/// `}` is a literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(String),
    Token,
    Number,
    Job,
    /// `{pick:…}`.
    Pick(Vec<String>),
    /// `{pick}`: the value that was drawn at this place, counted from 0.
    Drawn(usize),
    /// `{after.…}`: a value of the request that this one follows.
    After(Remembered),
}

/// The error for `{id}` outside a poll.
pub(super) const NO_JOB_YET: &str = "`{id}` is known only in `job.poll`";

impl Text {
    /// Parses a text.
    ///
    /// # Errors
    /// Names the placeholder that is unknown or has no value here.
    pub fn parse(text: &str, scope: &mut PlaceholderScope) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            literal.push_str(&rest[..open]);
            let after = &rest[open + 1..];
            if let Some(escaped) = after.strip_prefix('{') {
                literal.push('{');
                rest = escaped;
                continue;
            }
            let Some(close) = after.find('}') else {
                rest = &rest[open..];
                break;
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::parse(&after[..close], scope)?);
            rest = &after[close + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Text(pieces))
    }

    /// Parses a text that is used before there is a job.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and [`NO_JOB_YET`] if the text contains `{id}`.
    pub fn parse_before_job(text: &str, scope: &mut PlaceholderScope) -> Result<Self, String> {
        let parsed = Text::parse(text, scope)?;
        match parsed.names_job() {
            true => Err(NO_JOB_YET.to_owned()),
            false => Ok(parsed),
        }
    }

    /// Whether the text contains `{id}`.
    pub fn names_job(&self) -> bool {
        self.0.contains(&Piece::Job)
    }

    /// Whether the text is the same for every request.
    pub fn is_literal(&self) -> bool {
        let literal = |piece: &Piece| matches!(piece, Piece::Literal(_));
        self.0.iter().all(literal)
    }

    /// Whether the text differs between any two requests.
    pub fn is_unique(&self) -> bool {
        self.0.contains(&Piece::Token) || self.0.contains(&Piece::After(Remembered::Token))
    }

    /// The text with its placeholders filled in.
    pub fn fill(&self, values: &mut Values) -> String {
        self.fill_by(values, &|said| said.to_owned())
    }

    /// The text with its placeholders filled in, as a path. Values from responses are escaped.
    pub fn fill_path(&self, values: &mut Values) -> String {
        self.fill_by(values, &|said| {
            utf8_percent_encode(said, ESCAPED_IN_PATH).to_string()
        })
    }

    fn fill_by(&self, values: &mut Values, escape: &dyn Fn(&str) -> String) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Token => text.push_str(&values.token),
                Piece::Number => text.push_str(&values.number.to_string()),
                Piece::Job => text.push_str(&escape(&values.job)),
                Piece::Pick(alternatives) => text.push_str(values.draw(&alternatives[..]).as_str()),
                Piece::Drawn(_) | Piece::After(_) => {
                    let said = matches!(piece, Piece::After(Remembered::Answer(_)));
                    match piece.repeated(values) {
                        Some(Value::String(words)) if said => text.push_str(&escape(&words)),
                        Some(Value::String(words)) => text.push_str(&words),
                        other => text.push_str(&other.unwrap_or_default().to_string()),
                    }
                }
            }
        }
        text
    }

    /// The text as a JSON value: a string, unless the text is a single placeholder that repeats a
    /// value of another type.
    pub fn fill_json(&self, values: &mut Values) -> Value {
        let alone = match &self.0[..] {
            [piece] => piece.repeated(values),
            _ => None,
        };
        alone.unwrap_or_else(|| Value::String(self.fill(values)))
    }
}

impl Piece {
    /// The value that a repeating placeholder stands for.
    fn repeated(&self, values: &Values) -> Option<Value> {
        match self {
            Piece::Drawn(nth) => values.drawn.get(*nth).cloned(),
            Piece::After(of) => values.remembered(of),
            _ => None,
        }
    }

    fn parse(name: &str, scope: &mut PlaceholderScope) -> Result<Self, String> {
        Ok(match name {
            "token" => Piece::Token,
            "n" => Piece::Number,
            "id" => Piece::Job,
            _ => match name.strip_prefix("pick:") {
                // Splitting yields at least one alternative.
                Some(alternatives) => {
                    scope.draw()?;
                    Piece::Pick(alternatives.split('|').map(str::to_owned).collect())
                }
                None => match (scope.repeated(name)?, scope.remembered(name)?) {
                    (Some(nth), _) => Piece::Drawn(nth),
                    (None, Some(of)) => Piece::After(of),
                    (None, None) => return Err(unknown(name)),
                },
            },
        })
    }
}

fn unknown(name: &str) -> String {
    format!(
        "there is no placeholder `{{{name}}}`; use {{token}}, {{n}}, {{pick:a|b}} or {{pick}}, or write `{{{{` for a literal brace"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{RngAlgorithm, TestRng};

    use super::*;

    fn values(seed: u8) -> Values {
        Values {
            token: "tok".to_owned(),
            number: 7,
            job: "j1".to_owned(),
            picks: TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
            drawn: Vec::new(),
            after: None,
        }
    }

    fn parse(text: &str) -> Result<Text, String> {
        Text::parse(text, &mut PlaceholderScope::default())
    }

    /// The scope of a request that draws one value.
    fn of_one() -> PlaceholderScope {
        let mut scope = PlaceholderScope::default();
        scope.draw().unwrap();
        scope
    }

    fn filled(text: &str) -> String {
        parse(text).unwrap().fill(&mut values(0))
    }

    #[test]
    fn placeholders_are_filled_and_braces_can_be_escaped() {
        for (text, expected) in [
            ("", ""),
            ("hello {token}", "hello tok"),
            ("{n}{n}-{token}/{id}", "77-tok/j1"),
            ("{pick:only}", "only"),
            ("a{pick:}b", "ab"),
            ("{{token}}", "{token}}"),
            ("a } b", "a } b"),
            ("open {token", "open {token"),
            ("{{\"a\": \"{token}\"}", "{\"a\": \"tok\"}"),
            ("é{n}é", "é7é"),
            ("{pick:only}, {pick}, {pick.1}", "only, only, only"),
            ("{pick:a}{pick:b}{pick.2}{pick.1}", "abba"),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        for bad in [
            "{Token}",
            "{}",
            "x {tokn} y",
            "{pick}",
            "{ n }",
            "{pick.0}",
            "{pick.x}",
            "{pick.2} {pick:a}",
        ] {
            let error = parse(bad).unwrap_err();
            let name = &bad[bad.find('{').unwrap()..=bad.find('}').unwrap()];
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn picks_are_drawn_each_for_itself_and_from_the_seed() {
        let text = parse(&"{pick:a|b|c}".repeat(20)).unwrap();
        let drawn = text.fill(&mut values(1));
        assert_eq!(drawn, text.fill(&mut values(1)));
        assert_ne!(drawn, text.fill(&mut values(2)));
        assert!(drawn.contains('a') && drawn.contains('b') && drawn.contains('c'));
    }

    #[test]
    fn a_drawn_value_is_repeated_only_where_it_is_known_which() {
        let two = parse("{pick:a|b}{pick:c|d}{pick}").unwrap_err();
        assert!(two.contains("{pick.1}"), "{two}");
        let far = parse("{pick:a|b}{pick:c|d}{pick.3}").unwrap_err();
        assert!(
            far.contains("`{pick.3}`") && far.contains("only 2"),
            "{far}"
        );
        let mut sent = of_one().sent();
        let anew = Text::parse("{pick:a|b}", &mut sent).unwrap_err();
        assert!(anew.contains("`{pick}` repeats"), "{anew}");
        assert!(Text::parse("{pick}", &mut sent).is_ok());
    }

    #[test]
    fn a_number_that_is_repeated_alone_stays_a_number() {
        let mut scope = of_one();
        let mut values = values(0);
        values.drawn.push(20.into());
        let mut json = |text| {
            Text::parse(text, &mut scope)
                .unwrap()
                .fill_json(&mut values)
        };
        assert_eq!(json("{pick}"), 20);
        assert_eq!(json("{pick} times"), "20 times");
        assert_eq!(json("{n}"), "7");
    }

    proptest! {
        #[test]
        fn any_text_can_be_escaped(text in ".*") {
            prop_assert_eq!(filled(&text.replace('{', "{{")), text);
        }

        #[test]
        fn parsing_never_panics(text in "[{}a-e|:é]*|\\{pick[.0-9]*\\}") {
            let _ = parse(&text);
        }
    }
}
