//! A value that must not be shown.

use std::collections::BTreeSet;

/// The fewest characters of a value that is taken out of texts. Shorter ones are part of ordinary
/// words everywhere: removing them would make any text unreadable and protect nothing.
pub const SHORTEST: usize = 4;

/// From how many bytes on a plain word counts as distinctive: longer than any word of reports.
const LONG_WORD: usize = 20;

/// From how many bytes on any other value does.
const LONG: usize = 8;

/// A value that must not be shown, and what is shown in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// What is shown: `${NAME}`, or `[redacted]` for a value without a name.
    pub label: String,
    /// The value.
    pub value: String,
}

impl Secret {
    /// The value of a variable of the environment.
    pub fn of_variable(name: &str, value: &str) -> Self {
        // The label goes into JSON, HTML and file names.
        let odd = |c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c);
        Secret {
            label: format!("${{{}}}", name.replace(odd, "_")),
            value: value.to_owned(),
        }
    }

    /// A value that stands in the configuration itself.
    pub fn of_text(value: &str) -> Self {
        Secret {
            label: "[redacted]".to_owned(),
            value: value.to_owned(),
        }
    }

    /// Whether the value is too short to be found in texts.
    pub fn is_short(&self) -> bool {
        self.needles().is_empty() && !self.value.is_empty()
    }

    /// Whether no text of comeback's own can hold the value by chance: it is neither a number nor a
    /// word that a report could use.
    pub fn is_distinctive(&self) -> bool {
        let value = self.value.trim();
        let is_word = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let is_number = value.bytes().all(|b| b.is_ascii_digit());
        value.len() >= LONG && !is_number && (!is_word || value.len() >= LONG_WORD)
    }

    /// What is looked for: the value, and each of its lines, for logs come line by line.
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
