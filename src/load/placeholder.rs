//! A text with placeholders.

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;

/// A text with placeholders, parsed.
///
/// `{token}`, `{n}` and `{pick:a|b|c}` are filled in for each request, and `{id}` where a job is polled. Each
/// occurrence of `pick` draws for itself; an alternative may be empty, and holds neither `|` nor `}`. Anything
/// else between braces is an error, so that a typing mistake is no silent literal. `{{` stands
/// for a literal `{`; a `}` that closes nothing, and a `{` that nothing closes, stand for themselves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text(Vec<Piece>);

/// What the placeholders of one request stand for.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// `{token}`.
    pub token: String,
    /// `{n}`.
    pub number: u64,
    /// `{id}`, once it is known, escaped for a path.
    pub job: String,
    /// Draws each `{pick:…}`.
    pub picks: TestRng,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(String),
    Token,
    Number,
    Job,
    Pick(Vec<String>),
}

impl Text {
    /// Parses a text.
    ///
    /// # Errors
    /// Says which placeholder is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
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
            pieces.push(Piece::parse(&after[..close])?);
            rest = &after[close + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Text(pieces))
    }

    /// Whether the text names the job, which only a poll can.
    pub fn names_job(&self) -> bool {
        self.0.contains(&Piece::Job)
    }

    /// The text with its placeholders filled in.
    pub fn fill(&self, values: &mut Values) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Token => text.push_str(&values.token),
                Piece::Number => text.push_str(&values.number.to_string()),
                Piece::Job => text.push_str(&values.job),
                Piece::Pick(alternatives) => {
                    let drawn = values.picks.random_range(0..alternatives.len());
                    text.push_str(&alternatives[drawn]);
                }
            }
        }
        text
    }
}

impl Piece {
    fn parse(name: &str) -> Result<Self, String> {
        match name {
            "token" => Ok(Piece::Token),
            "n" => Ok(Piece::Number),
            "id" => Ok(Piece::Job),
            _ => match name.strip_prefix("pick:") {
                // Splitting yields at least one alternative, so there is always something to draw.
                Some(alternatives) => Ok(Piece::Pick(
                    alternatives.split('|').map(str::to_owned).collect(),
                )),
                None => Err(format!(
                    "`{{{name}}}` is no placeholder; there are {{token}}, {{n}} and {{pick:a|b}}, and `{{{{` stands for a literal brace"
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngAlgorithm;

    use super::*;

    fn values(seed: u8) -> Values {
        Values {
            token: "tok".to_owned(),
            number: 7,
            job: "j1".to_owned(),
            picks: TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
        }
    }

    fn filled(text: &str) -> String {
        Text::parse(text).unwrap().fill(&mut values(0))
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
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        for bad in ["{Token}", "{}", "x {tokn} y", "{pick}", "{ n }"] {
            let error = Text::parse(bad).unwrap_err();
            let name = &bad[bad.find('{').unwrap()..=bad.find('}').unwrap()];
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn picks_are_drawn_each_for_itself_and_from_the_seed() {
        let text = Text::parse(&"{pick:a|b|c}".repeat(20)).unwrap();
        let drawn = text.fill(&mut values(1));
        assert_eq!(drawn, text.fill(&mut values(1)));
        assert_ne!(drawn, text.fill(&mut values(2)));
        assert!(drawn.contains('a') && drawn.contains('b') && drawn.contains('c'));
    }

    proptest! {
        #[test]
        fn any_text_can_be_escaped(text in ".*") {
            prop_assert_eq!(filled(&text.replace('{', "{{")), text);
        }

        #[test]
        fn parsing_never_panics(text in "[{}a-e|:é]*") {
            let _ = Text::parse(&text);
        }
    }
}
