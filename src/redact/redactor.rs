//! Finds secrets in texts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::decoded::DecodedText;
use super::secret::Secret;

/// A text of fewer bytes has not been cut by whoever read it.
const SHORTEST_CUT: usize = 256;

/// The shortest part of a secret that is looked for where a text was cut.
const SHORTEST_PART: usize = 8;

/// The longest text that is looked at in one piece: looking at it takes many times its room.
const LONGEST_PIECE: usize = 64 * 1024;

/// Takes secrets out of texts, however they are spelled: as they are; line by line; escaped as in
/// JSON, Python or Rust; percent-encoded, with `+` for a blank or without; as HTML entities; in
/// base64 of either alphabet, within a longer run too; in any of these within one another, five
/// deep; and cut at either end of a long text.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// None if there is nothing to look for.
    finder: Option<AhoCorasick>,
    /// What the finder looks for.
    patterns: Vec<Pattern>,
    /// The values and lines, and what is shown instead.
    needles: Vec<(String, String)>,
}

/// One spelling of a needle.
#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    needle: usize,
    /// How many characters before and after the text hold a part of the needle too.
    beside: (usize, usize),
}

/// A stretch of a text that must not be shown, and which needle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    begin: usize,
    end: usize,
    needle: usize,
}

impl Redactor {
    /// Knows these secrets. Of two with the same value, the earlier one's label is shown. Values
    /// that are [too short](super::SHORTEST) are left alone.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<(String, String)> = Vec::new();
        for secret in secrets {
            for needle in secret.needles() {
                if needles.iter().all(|(known, _)| known != needle) {
                    needles.push((needle.to_owned(), secret.label.clone()));
                }
            }
        }
        let patterns = needles.iter().enumerate().flat_map(|(nth, (needle, _))| {
            let plain = Pattern {
                text: needle.clone(),
                needle: nth,
                beside: (0, 0),
            };
            [plain].into_iter().chain(base64(nth, needle))
        });
        let patterns: Vec<Pattern> = patterns.collect();
        let finder = (!patterns.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(patterns.iter().map(|pattern| &pattern.text))
                .expect("what fits into an environment is far from the limit of 2^31 states")
        });
        Redactor {
            finder,
            patterns,
            needles,
        }
    }

    /// The text without secrets.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(text);
        };
        let mut found = self.cut(text);
        let mut begin = 0;
        while begin < text.len() {
            let piece = piece(&text[begin..]);
            for view in DecodedText::all(piece) {
                for (start, end, needle) in self.find(finder, &view) {
                    found.push(Found {
                        begin: begin + start,
                        end: begin + end,
                        needle,
                    });
                }
            }
            begin += piece.len();
        }
        found.sort();
        self.without(text, &found)
    }

    /// The text without these stretches of it, which are in order and may overlap.
    fn without<'a>(&self, text: &'a str, found: &[Found]) -> Cow<'a, str> {
        let mut clean = String::new();
        let mut end = 0;
        for span in found {
            if span.end <= end {
                continue;
            }
            if span.begin >= end {
                clean += &text[end..text.floor_char_boundary(span.begin).max(end)];
                clean += &self.needles[span.needle].1;
            }
            end = text.ceil_char_boundary(span.end);
        }
        match end {
            0 => Cow::Borrowed(text),
            _ => Cow::Owned(clean + &text[end..]),
        }
    }

    /// Where needles stand in the text of a view, and which.
    fn find(&self, finder: &AhoCorasick, view: &DecodedText) -> Vec<(usize, usize, usize)> {
        let found = finder.find_iter(&view.bytes).map(|found| {
            let pattern = &self.patterns[found.pattern()];
            let (before, after) = pattern.beside;
            let begin = found.start().saturating_sub(before);
            let end = (found.end() + after).min(view.bytes.len());
            let (begin, end) = view.place(begin, end);
            (begin, end, pattern.needle)
        });
        found.collect()
    }

    /// Parts of secrets at the ends of a text that may have been cut within one.
    fn cut(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        if text.len() < SHORTEST_CUT {
            return found;
        }
        for (nth, (needle, _)) in self.needles.iter().enumerate() {
            let needle = needle.as_bytes();
            let lengths = || (SHORTEST_PART..needle.len()).rev();
            let text = text.as_bytes();
            if let Some(n) = lengths().find(|n| text.ends_with(&needle[..*n])) {
                found.push(Found {
                    begin: text.len() - n,
                    end: text.len(),
                    needle: nth,
                });
            }
            if let Some(n) = lengths().find(|n| text.starts_with(&needle[needle.len() - n..])) {
                found.push(Found {
                    begin: 0,
                    end: n,
                    needle: nth,
                });
            }
        }
        found
    }
}

/// What base64 makes of a needle within any text: its first byte may be any of the three that make
/// four characters. Characters that it shares with its neighbours are not part of the pattern.
fn base64(nth: usize, needle: &str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for before in 0..3 {
        let code = STANDARD_NO_PAD.encode([&[0; 2][..before], needle.as_bytes()].concat());
        let bits = (before * 8, (before + needle.len()) * 8);
        let own = &code[bits.0.div_ceil(6)..bits.1 / 6];
        let texts = BTreeSet::from([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
        patterns.extend(texts.into_iter().map(|text| Pattern {
            text,
            needle: nth,
            beside: (usize::from(before > 0), usize::from(bits.1 % 6 > 0)),
        }));
    }
    patterns
}

/// The beginning of a text, up to a blank or a tag, where it is longer than can be looked at at
/// once.
fn piece(text: &str) -> &str {
    if text.len() <= LONGEST_PIECE {
        return text;
    }
    let piece = &text[..text.floor_char_boundary(LONGEST_PIECE)];
    let end = piece.rfind([' ', '\n', '<']).filter(|end| *end > 0);
    &piece[..end.unwrap_or(piece.len())]
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    const ODD: &str = "q\"7'\\Z é/?&=+<🦀>\tend";

    fn redactor() -> Redactor {
        Redactor::new(&[
            Secret::of_variable("ODD", ODD),
            Secret::of_variable("LINES", "first-line-1\nsecond \"line\" 2\n"),
            Secret::of_variable("PASSWORD", "hunter2"),
            Secret::of_variable("SHORT", "abc"),
            Secret::of_text("hunter2 and more"),
        ])
    }

    /// What encoders make of a text.
    fn spellings(text: &str) -> Vec<String> {
        let json = serde_json::to_string(text).unwrap();
        let json = json[1..json.len() - 1].to_owned();
        let ascii = |text: &str| -> String {
            let mut units = [0; 2];
            text.chars()
                .map(|c| match c.is_ascii() {
                    true => c.to_string(),
                    false => c
                        .encode_utf16(&mut units)
                        .iter()
                        .map(|unit| format!("\\u{unit:04x}"))
                        .collect(),
                })
                .collect()
        };
        let python = text
            .replace('\\', "\\\\")
            .replace('\'', "\\'")
            .replace('\t', "\\t");
        let python = python.replace('\n', "\\n");
        let bytes = python.bytes().map(|b| match b {
            0..128 => char::from(b).to_string(),
            _ => format!("\\x{b:02x}"),
        });
        let bytes: String = bytes.collect();
        let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let lower = text.bytes().map(|b| match b.is_ascii_alphanumeric() {
            true => char::from(b).to_string(),
            false => format!("%{b:02x}"),
        });
        let lower: String = lower.collect();
        let html = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;");
        let mut spellings = vec![
            text.to_owned(),
            json.replace('/', "\\/"),
            serde_json::to_string(&json).unwrap(),
            ascii(&json),
            format!("{text:?}"),
            lower.replace("%20", "+"),
            lower,
            utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
            html.replace('\'', "&#39;"),
            html.replace('>', "&gt;").replace('\'', "&#x27;"),
            utf8_percent_encode(&json, NON_ALPHANUMERIC).to_string(),
            json,
            python,
            bytes,
            percent,
        ];
        for before in ["", "x", "xy"] {
            let whole = format!("{before}{text}:tail");
            spellings.push(STANDARD.encode(&whole));
            spellings.push(URL_SAFE_NO_PAD.encode(&whole));
            spellings.push(format!("/path/{}", URL_SAFE_NO_PAD.encode(&whole)));
        }
        spellings
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let redactor = redactor();
        for spelling in spellings(ODD) {
            let text = format!("before {spelling}; after");
            let clean = redactor.clean(&text);
            assert!(
                clean.starts_with("before ") && clean.ends_with("after"),
                "{clean}"
            );
            assert!(clean.contains("${ODD}"), "{text}\n{clean}");
            for part in ["q\\\"7", "q%22", "7'", "end;", "7%27", "&#"] {
                assert!(!clean.contains(part), "{text}\n{clean}");
            }
        }
    }

    #[test]
    fn what_is_shown_instead_is_the_variable() {
        let redactor = redactor();
        for (text, clean) in [
            ("login root hunter2", "login root ${PASSWORD}"),
            ("hunter2 and more", "[redacted]"),
            ("hunter2hunter2", "${PASSWORD}${PASSWORD}"),
            ("abc stays", "abc stays"),
            ("line: second \"line\" 2", "line: ${LINES}"),
            ("<first-line-1\nsecond \"line\" 2\n>", "<${LINES}>"),
            (
                "{\"a\": \"first-line-1\\nsecond \\\"line\\\" 2\\n\"}",
                "{\"a\": \"${LINES}\"}",
            ),
            ("Basic cm9vdDpodW50ZXIy", "Basic cm9vdD${PASSWORD}"),
            ("100%, \\o/ & nothing", "100%, \\o/ & nothing"),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
        assert_eq!(Redactor::default().clean("hunter2"), "hunter2");
    }

    #[test]
    fn a_secret_that_was_cut_in_two_is_found_at_the_end_of_a_long_text() {
        let secret = Secret::of_variable("KEY", "0123456789abcdef");
        let redactor = Redactor::new(&[secret]);
        let long = "- ".repeat(200);
        assert_eq!(
            redactor.clean(&format!("{long}0123456789ab")),
            format!("{long}${{KEY}}")
        );
        assert_eq!(
            redactor.clean(&format!("89abcdef{long}")),
            format!("${{KEY}}{long}")
        );
    }

    #[test]
    fn a_text_of_any_length_is_looked_at_as_a_whole() {
        let long = "<p>words and &amp; 100% more\\n</p>".repeat(4_000);
        let text = format!("{long} hunter2{long}hunter2");
        let clean = redactor().clean(&text).into_owned();
        assert_eq!(clean, format!("{long} ${{PASSWORD}}{long}${{PASSWORD}}"));
    }

    proptest! {
        /// Whatever the text: what is no secret stays, and nothing panics.
        #[test]
        fn what_surrounds_a_secret_stays(before in "\\PC{0,40}", after in "\\PC{0,40}") {
            let clean = redactor().clean(&format!("{before}\n\u{1}hunter2\u{1}\n{after}")).into_owned();
            let expected = format!("{before}\n\u{1}${{PASSWORD}}\u{1}\n{after}");
            prop_assert!(clean == expected || before.contains("hunter2") || after.contains("hunter2"));
        }
    }
}
