//! A trace that cannot be read, among others that can.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::trace::TraceError;

/// A trace that cannot be read, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file.
    pub trace: String,
    /// What is wrong with it, with the number of an invalid line.
    pub error: String,
    /// What to do about it.
    pub help: String,
}

impl Unreadable {
    /// A trace and the error of reading it.
    pub fn of(path: &Path, error: &TraceError) -> Self {
        Unreadable {
            trace: path.display().to_string(),
            error: error.to_string(),
            help: error.remedy().to_owned(),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The error names the file itself.
        write!(f, "{} ({})", without_os_number(&self.error), self.help)
    }
}

/// A message without the operating system's numbers of errors, whose causes stand before them in
/// words: "No such file or directory (os error 2)".
pub fn without_os_number(message: &str) -> String {
    const BEFORE: &str = " (os error ";
    let mut parts = message.split(BEFORE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        match rest.strip_prefix(')') {
            Some(rest) => plain += rest,
            None => plain = plain + BEFORE + part,
        }
    }
    plain
}

/// Reads each of these files. Those that cannot be read are returned separately.
pub(super) fn readable<T>(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
    read: impl Fn(&Path) -> Result<T, TraceError>,
) -> (Vec<T>, Vec<Unreadable>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for path in paths {
        let path = path.as_ref();
        match read(path) {
            Ok(content) => good.push(content),
            Err(error) => bad.push(Unreadable::of(path, &error)),
        }
    }
    (good, bad)
}

#[cfg(test)]
mod tests {
    use super::without_os_number;

    #[test]
    fn a_cause_is_said_in_words_without_its_number() {
        let plain = without_os_number("a: No such file (os error 2) (check the path)");
        assert_eq!(plain, "a: No such file (check the path)");
        assert_eq!(without_os_number("b (os error x"), "b (os error x");
    }
}
