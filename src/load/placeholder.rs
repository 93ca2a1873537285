//! A text with placeholders.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::scope::{PlaceholderScope, Remembered};
use super::values::Values;

/// What stays as it is when something that the API has said becomes part of a path.
const ESCAPED_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text with placeholders, parsed.
///
/// `{token}`, `{n}` and `{pick:a|b|c}` are filled in for each request, and `{id}` where a job is
/// polled. Each occurrence of `pick:` draws for itself; an alternative may be empty, and holds
/// neither `|` nor `}`. `{pick}` repeats the one value that the request draws, `{pick.2}` the
/// second of several. Where the request follows another one, `{after.token}`, `{after.n}` and
/// `{after.pick}` are that one's, and `{after./id}` is what its answer had at a JSON pointer.
/// Anything else between braces is an error, so that a typing mistake is no silent literal. `{{`
/// stands for a literal `{`; a `}` that closes nothing, and a `{` that nothing closes, stand for
/// themselves.
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
    /// `{after.…}`: something of the request that this one follows.
    After(Remembered),
}

/// Why `{id}` cannot stand where nothing is polled.
pub(super) const NO_JOB_YET: &str = "`{id}` is known only where the job is polled";

impl Text {
    /// Parses a text.
    ///
    /// # Errors
    /// Says which placeholder is unknown, or stands for nothing here.
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

    /// The same for a text that is used before there is a job.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and [`NO_JOB_YET`] where it names the job.
    pub fn parse_before_job(text: &str, scope: &mut PlaceholderScope) -> Result<Self, String> {
        let parsed = Text::parse(text, scope)?;
        match parsed.names_job() {
            true => Err(NO_JOB_YET.to_owned()),
            false => Ok(parsed),
        }
    }

    /// Whether the text names the job, which only a poll can.
    pub fn names_job(&self) -> bool {
        self.0.contains(&Piece::Job)
    }

    /// Whether the text is the same for every request.
    pub fn is_literal(&self) -> bool {
        let literal = |piece: &Piece| matches!(piece, Piece::Literal(_));
        self.0.iter().all(literal)
    }

    /// Whether no two requests have the same text.
    pub fn is_unique(&self) -> bool {
        self.0.contains(&Piece::Token) || self.0.contains(&Piece::After(Remembered::Token))
    }

    /// The text with its placeholders filled in.
    pub fn fill(&self, values: &mut Values) -> String {
        self.fill_by(values, &|said| said.to_owned())
    }

    /// The same, as a path: what the API has said is escaped.
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

    /// The text as a JSON value: a string, but a drawn number that is repeated alone stays a
    /// number.
    pub fn fill_json(&self, values: &mut Values) -> Value {
        let alone = match &self.0[..] {
            [piece] => piece.repeated(values),
            _ => None,
        };
        alone.unwrap_or_else(|| Value::String(self.fill(values)))
    }
}

impl Piece {
    /// The value that it repeats, if it does.
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
                // Splitting yields at least one alternative, so there is always something to draw.
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
        "`{{{name}}}` is no placeholder; there are {{token}}, {{n}}, {{pick:a|b}} and {{pick}}, and `{{{{` stands for a literal brace"
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

    /// What a request can refer to that draws one value.
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
