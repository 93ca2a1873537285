//! A list of tolerated failures.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::model::Signature;

/// Reads a list of signatures, one a line; a part that is `*` stands for any. Empty lines and what
/// follows a `#` do not count.
///
/// # Errors
/// When the file cannot be read, or a line is no signature.
pub fn read(path: &Path) -> anyhow::Result<BTreeSet<Signature>> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {name}, which --known names"))?;
    let lines = text.lines().enumerate().filter_map(|(nth, line)| {
        let (line, _) = line.split_once('#').unwrap_or((line, ""));
        Some((nth + 1, line.trim())).filter(|(_, line)| !line.is_empty())
    });
    let signatures = lines.map(|(nth, line)| {
        line.parse().map_err(|error| {
            anyhow!("{name}:{nth}: {error}; copy one from a report or a summary.json; `*` stands for any part")
        })
    });
    signatures.collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn listed(text: &str) -> anyhow::Result<BTreeSet<Signature>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path())
    }

    #[test]
    fn comments_and_empty_lines_do_not_count() {
        let signature = "v1/no-hang/job/job-never-terminal/rapid";
        let text = format!("# until the release\n\n  {signature}  # issue 12\n{signature}\n");
        assert_eq!(
            listed(&text).unwrap(),
            BTreeSet::from([signature.parse().unwrap()])
        );
        assert!(listed("").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_no_signature_is_told_by_its_number() {
        let error = listed("# a list\nno-hang\n").unwrap_err().to_string();
        assert!(error.contains(":2: `no-hang` is no signature"), "{error}");
        let error = read(Path::new("/nowhere/known")).unwrap_err().to_string();
        assert!(error.contains("--known"), "{error}");
    }
}
