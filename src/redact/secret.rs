//! A value that must not be shown.

use std::collections::BTreeSet;

/// The shortest value that is redacted, in characters. Shorter values are parts of ordinary words:
/// removing them would make texts unreadable and protect nothing.
pub const SHORTEST: usize = 4;

/// A plain word counts as distinctive from this length on, in bytes. No word in a report is as
/// long.
const LONG_WORD: usize = 20;

/// Any other value counts as distinctive from this length on, in bytes.
const LONG: usize = 8;

/// A value that must not be shown, and its replacement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// The replacement: `${NAME}`, or `[redacted]` for a value without a name.
    pub label: String,
    /// The value.
    pub value: String,
}

impl Secret {
    /// The value of an environment variable.
    pub fn of_variable(name: &str, value: &str) -> Self {
        // The label is used in JSON, HTML and file names.
        let odd = |c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c);
        Secret {
            label: format!("${{{}}}", name.replace(odd, "_")),
            value: value.to_owned(),
        }
    }

    /// A value from the configuration file itself.
    pub fn of_text(value: &str) -> Self {
        Secret {
            label: "[redacted]".to_owned(),
            value: value.to_owned(),
        }
    }

    /// Whether the value is too short to be redacted.
    pub fn is_short(&self) -> bool {
        self.needles().is_empty() && !self.value.is_empty()
    }

    /// Whether comeback's own texts cannot contain the value by chance: it is neither a number nor
    /// a word that a report may use.
    pub fn is_distinctive(&self) -> bool {
        let value = self.value.trim();
        let is_word = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let is_number = value.bytes().all(|b| b.is_ascii_digit());
        value.len() >= LONG && !is_number && (!is_word || value.len() >= LONG_WORD)
    }

    /// What to search for: the value, and each of its lines, because logs are read line by line.
    pub(super) fn needles(&self) -> BTreeSet<&str> {
        let lines = self.value.lines().map(str::trim);
        let whole = [self.value.as_str(), self.value.trim()].into_iter();
        let long = |text: &&str| text.chars().count() >= SHORTEST;
        whole.chain(lines).filter(long).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reports_may_say_themselves_is_not_distinctive() {
        let of = |value| Secret::of_text(value).is_distinctive();
        for plain in [
            "stop",
            "inconclusive",
            "bounded-failures",
            "80000000",
            "s3cr3t",
        ] {
            assert!(!of(plain), "{plain}");
        }
        for distinctive in ["hunter2-x", "correct-horse-battery-staple", "Tr0ub4dor&3"] {
            assert!(of(distinctive), "{distinctive}");
        }
    }

    #[test]
    fn a_value_and_its_lines_are_looked_for_unless_they_are_short() {
        let secret = Secret::of_variable("KEY", "first line\r\n  x\nlast line\n");
        let needles: Vec<_> = secret.needles().into_iter().collect();
        let (whole, trimmed) = (
            "first line\r\n  x\nlast line\n",
            "first line\r\n  x\nlast line",
        );
        assert_eq!(needles, ["first line", trimmed, whole, "last line"]);
        assert!(Secret::of_text("abc").is_short());
        assert!(!Secret::of_text("").is_short());
    }
}
