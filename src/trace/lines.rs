//! Reading a trace line by line, without keeping all of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::bounds::Order;
use super::format::Written;
use super::quick;
use super::{Event, FORMAT_VERSION, Header, TraceError};
use crate::model::{Judgement, Plan};

/// A line of a trace behind its header.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceLine {
    /// The plan.
    Plan(Plan),
    /// Something that was observed.
    Event(Event),
    /// The verdict.
    Verdict(Judgement),
    /// A note that was added later, as it stands.
    Note(serde_json::Value),
}

/// Reads a trace line by line. A last line that was cut is passed over.
#[derive(Debug)]
pub struct Lines<R> {
    path: PathBuf,
    reader: R,
    header: Header,
    /// The number of the line read last, from 1, and how many bytes there are up to its end.
    number: usize,
    end: u64,
    buffer: Vec<u8>,
    order: Order,
}

impl Lines<BufReader<File>> {
    /// Opens a trace and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read, is no trace, or is of a newer format.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let file = File::open(path).map_err(TraceError::at(path))?;
        Lines::new(path, BufReader::new(file))
    }
}

impl<R: BufRead> Lines<R> {
    /// Reads the header; `path` is for the errors' words.
    ///
    /// # Errors
    /// As [`Lines::open`].
    pub fn new(path: &Path, mut reader: R) -> Result<Self, TraceError> {
        let mut buffer = Vec::new();
        if !line(path, &mut reader, &mut buffer)? {
            return Err(TraceError::TooShort {
                path: path.to_owned(),
            });
        }
        Ok(Lines {
            path: path.to_owned(),
            reader,
            header: header(path, &buffer)?,
            number: 1,
            end: buffer.len() as u64 + 1,
            buffer,
            order: Order::default(),
        })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The place of the next line, in bytes from the file's beginning.
    pub fn place(&self) -> u64 {
        self.end
    }

    fn read(&mut self) -> Result<Option<TraceLine>, TraceError> {
        if !line(&self.path, &mut self.reader, &mut self.buffer)? {
            return Ok(None);
        }
        self.number += 1;
        self.end += self.buffer.len() as u64 + 1;
        let event = quick::event(&self.buffer).or_else(|| Event::of_line(&self.buffer));
        if let Some(event) = event {
            return self.event(event).map(Some);
        }
        let malformed = |error: serde_json::Error| self.malformed(words(&error));
        // Whether the line is an event is checked first, so that an error names what the line is.
        let content: serde_json::Value = serde_json::from_slice(&self.buffer).map_err(malformed)?;
        if content.get("event").is_some() {
            let event = serde_json::from_value(content).map_err(malformed)?;
            return self.event(event).map(Some);
        }
        let line = match serde_json::from_value(content).map_err(malformed)? {
            Written::Plan(plan) => {
                let misfit = plan.check().map_err(|misfit| misfit.to_string());
                misfit.map_err(|message| self.malformed(message))?;
                TraceLine::Plan(plan)
            }
            Written::Verdict(judgement) => TraceLine::Verdict(judgement),
            Written::Note(note) => TraceLine::Note(note),
        };
        Ok(Some(line))
    }

    fn event(&self, event: Event) -> Result<TraceLine, TraceError> {
        event.check().map_err(|message| self.malformed(message))?;
        Ok(TraceLine::Event(event))
    }

    fn malformed(&self, message: String) -> TraceError {
        TraceError::Malformed {
            path: self.path.clone(),
            line: self.number,
            message,
        }
    }
}

impl<R: BufRead + Seek> Lines<R> {
    /// The line at a place that [`Lines::place`] returned before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn at(&mut self, place: u64) -> Result<Option<TraceLine>, TraceError> {
        let found = self.reader.seek(SeekFrom::Start(place));
        found.map_err(TraceError::at(&self.path))?;
        self.end = place;
        self.read()
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<TraceLine, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.read().and_then(|line| {
            if let Some(TraceLine::Event(event)) = &line {
                let placed = self.order.next(event);
                placed.map_err(|message| self.malformed(message))?;
            }
            Ok(line)
        });
        line.transpose()
    }
}

/// Reads one line, without its end. `false` at the file's end, or where a line was cut while it was
/// being written.
fn line(path: &Path, reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<bool, TraceError> {
    buffer.clear();
    let read = reader.read_until(b'\n', buffer);
    read.map_err(TraceError::at(path))?;
    Ok(buffer.pop() == Some(b'\n'))
}

fn header(path: &Path, line: &[u8]) -> Result<Header, TraceError> {
    let malformed = |message: String| TraceError::Malformed {
        path: path.to_owned(),
        line: 1,
        message,
    };
    // The version is checked first: a newer header may have another form.
    let raw: serde_json::Value = serde_json::from_slice(line).map_err(|e| malformed(words(&e)))?;
    let version = raw["comeback_trace"]
        .as_u64()
        .ok_or_else(|| malformed("the header has no `comeback_trace` version".to_owned()))?;
    if version > u64::from(FORMAT_VERSION) {
        let by = raw["comeback"].as_str().unwrap_or("(unknown)").to_owned();
        return Err(TraceError::Newer {
            path: path.to_owned(),
            found: version,
            by,
        });
    }
    let header: Header = serde_json::from_value(raw).map_err(|e| malformed(e.to_string()))?;
    header.check().map_err(malformed)?;
    Ok(header)
}

/// What is wrong with a line. The parser takes a line for a whole text, so its own "line 1" would
/// contradict ours.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) => format!("column {}: {what}", error.column()),
        None => text,
    }
}
