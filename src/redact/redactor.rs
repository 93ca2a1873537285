//! Finds secrets in texts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::decoded::DecodedText;
use super::secret::Secret;

/// A text with fewer bytes was not cut by its reader.
const SHORTEST_CUT: usize = 256;

/// The shortest part of a secret that is searched for at the ends of a cut text.
const SHORTEST_PART: usize = 8;

/// The longest text that is searched in one piece, in bytes. The search needs many times its
/// memory.
const LONGEST_PIECE: usize = 64 * 1024;

/// Removes secrets from texts. It finds a secret and each of its lines in these forms:
///
/// - plain;
/// - escaped as in JSON, Python or Rust;
/// - percent-encoded, with `+` or `%20` for a space;
/// - with HTML entities;
/// - in base64 of either alphabet, also inside a longer base64 text;
/// - in up to five layers of these;
/// - cut off at either end of a long text.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// `None` if there is nothing to find.
    finder: Option<AhoCorasick>,
    /// What the finder searches for.
    patterns: Vec<Pattern>,
    /// The secret values and lines, each with its replacement.
    needles: Vec<(String, String)>,
}

/// A needle as plain text or in base64.
#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    needle: usize,
    /// How many characters before and after the text also encode parts of the needle.
    beside: (usize, usize),
}

/// A range of a text to remove, and which needle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    begin: usize,
    end: usize,
    needle: usize,
}

impl Redactor {
    /// A redactor of these secrets. Of two with the same value, the label of the first is used.
    /// Values that are [too short](super::SHORTEST) are ignored.
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

    /// Replaces the secrets in a text by their labels.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(text);
        };
        let mut found = self.cut(text);
        let mut begin = 0;
        while begin < text.len() {
            let piece = piece(&text[begin..]);
            for view in DecodedText::all(piece) {
                found.extend(self.find(finder, &view, begin));
            }
            begin += piece.len();
        }
        found.sort();
        self.without(text, &found)
    }

    /// Replaces these ranges of a text. They are sorted and may overlap.
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

    /// The needles in a decoded piece of a text, which begins at `offset` in the text.
    fn find<'a>(
        &'a self,
        finder: &'a AhoCorasick,
        view: &'a DecodedText,
        offset: usize,
    ) -> impl Iterator<Item = Found> + 'a {
        finder.find_iter(&view.bytes).map(move |found| {
            let pattern = &self.patterns[found.pattern()];
            let (before, after) = pattern.beside;
            let begin = found.start().saturating_sub(before);
            let end = (found.end() + after).min(view.bytes.len());
            let (begin, end) = view.place(begin, end);
            Found {
                begin: offset + begin,
                end: offset + end,
                needle: pattern.needle,
            }
        })
    }

    /// Parts of secrets at the ends of a text that may have been cut inside a secret.
    fn cut(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        let text = text.as_bytes();
        if text.len() < SHORTEST_CUT {
            return found;
        }
        for (nth, (needle, _)) in self.needles.iter().enumerate() {
            let needle = needle.as_bytes();
            let lengths = || (SHORTEST_PART..needle.len()).rev();
            let at_end = lengths().find(|n| text.ends_with(&needle[..*n]));
            let at_begin = lengths().find(|n| text.starts_with(&needle[needle.len() - n..]));
            let ranges = [
                at_end.map(|n| (text.len() - n, text.len())),
                at_begin.map(|n| (0, n)),
            ];
            found.extend(ranges.into_iter().flatten().map(|(begin, end)| Found {
                begin,
                end,
                needle: nth,
            }));
        }
        found
    }
}

/// The base64 forms of a needle inside a longer text: its first byte may be any of the three bytes
/// that are encoded together. Characters that also encode neighbouring bytes are not part of the
/// pattern.
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

/// The first piece of a text, of at most [`LONGEST_PIECE`] bytes. Ends at a space, a line break or
/// a tag if possible.
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

    /// A text in various encodings.
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
        /// Any text without secrets stays unchanged, and nothing panics.
        #[test]
        fn what_surrounds_a_secret_stays(before in "\\PC{0,40}", after in "\\PC{0,40}") {
            let clean = redactor().clean(&format!("{before}\n\u{1}hunter2\u{1}\n{after}")).into_owned();
            let expected = format!("{before}\n\u{1}${{PASSWORD}}\u{1}\n{after}");
            prop_assert!(clean == expected || before.contains("hunter2") || after.contains("hunter2"));
        }
    }
}
