//! Standard output: a report for people, or one JSON document.

use std::io;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use super::stream;
use crate::redact;
use crate::report::Tone;

/// What is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A report for people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

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
    /// When standard output cannot be written to. A closed pipe is no error.
    pub fn document(&self, document: &impl Serialize, text: &str) -> io::Result<()> {
        let written = match self.format {
            Format::Json => stream::out(&format!("{}\n", redact::to_json_pretty(document)?)),
            Format::Human => stream::report(text),
        };
        written.map(drop)
    }

    /// Writes a text that is the result itself, such as a page; as JSON, with its name.
    ///
    /// # Errors
    /// As [`Output::document`].
    pub fn text(&self, topic: &str, text: &str) -> io::Result<()> {
        match self.format {
            Format::Json => self.document(&json!({ "topic": topic, "text": text }), ""),
            Format::Human => stream::out(&format!("{}\n", text.trim_end())).map(drop),
        }
    }

    /// Writes a page of the guide, in which other pages may be named; as JSON, with its name.
    ///
    /// # Errors
    /// As [`Output::document`].
    pub fn page(&self, topic: &str, markdown: &str, topics: &[&str]) -> io::Result<()> {
        match self.format {
            Format::Json => self.text(topic, markdown),
            Format::Human => stream::page(&format!("{}\n", markdown.trim_end()), topics).map(drop),
        }
    }

    /// Says something beside the result, on standard error. Nothing depends on whether anybody can
    /// read it.
    pub fn aside(&self, line: &str) {
        if !self.quiet {
            stream::say(&format!("comeback: {line}"));
        }
    }

    /// Writes one of many results as it comes: a line of JSON, or the text for people. `false` when
    /// the reader is gone.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn line(&self, line: &impl Serialize, text: &str, tone: Tone) -> io::Result<bool> {
        match self.format {
            Format::Json => stream::out(&format!("{}\n", redact::to_json(line)?)),
            Format::Human => stream::line(text, tone),
        }
    }
}
