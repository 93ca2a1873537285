//! Standard output: a report for people, or one JSON document.

use std::io::{self, Write};

use serde::Serialize;

use super::Format;

/// How results are shown.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// What is written to standard output.
    pub format: Format,
    /// Whether progress is kept from standard error.
    pub quiet: bool,
}

impl Output {
    /// Writes a result: the document as JSON, or the text for people.
    ///
    /// # Errors
    /// When standard output cannot be written to; a pipe that the reader has closed is no error.
    pub fn document(&self, document: &impl Serialize, text: &str) -> io::Result<()> {
        let mut content = match self.format {
            Format::Json => serde_json::to_string_pretty(document)?,
            Format::Human => text.to_owned(),
        };
        content.push('\n');
        write(&content).map(drop)
    }

    /// Says something beside the result, on standard error. Nothing depends on whether anybody can read it.
    pub fn aside(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "comeback: {line}");
        }
    }

    /// Writes one of many results as it comes: a line of JSON, or the text for people. `false` when nobody reads any more.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn line(&self, line: &impl Serialize, text: &str) -> io::Result<bool> {
        let mut content = match self.format {
            Format::Json => serde_json::to_string(line)?,
            Format::Human => text.to_owned(),
        };
        content.push('\n');
        write(&content)
    }
}

/// Writes to standard output; `false` when the reader has closed it.
fn write(content: &str) -> io::Result<bool> {
    match io::stdout().write_all(content.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}
