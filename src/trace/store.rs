//! The file of a trace: JSON Lines, written as things happen.
//!
//! The lines are: the header, the plan, the events, the verdict, and notes added later. Each is written by
//! one `write(2)`, so a reader of a file whose writer was killed sees every line that was completed.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Event;
use crate::model::{Judgement, Limits, LogPatterns, Plan};

/// The version of the format that this build writes. It reads this one and all before it.
pub const FORMAT_VERSION: u32 = 1;

/// The first line of a trace. It holds no command, no address and no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version.
    pub comeback_trace: u32,
    /// The version of comeback that wrote it.
    pub comeback: String,
    /// The version of the generator that drew the plan.
    pub generator: u32,
    /// The stack it was executed against.
    pub stack: StackInfo,
    /// The limits in force.
    pub limits: Limits,
    /// What the API's log was expected to show.
    #[serde(default, skip_serializing_if = "LogPatterns::is_empty")]
    pub log: LogPatterns,
    /// How many trials the stack had been through since its last reset, this one not counted.
    pub trials_since_reset: u64,
    /// When the trial began, by the wall clock (RFC 3339).
    pub started_at: String,
}

/// What a trace tells of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackInfo {
    /// The stack's name: `demo`, or the configuration's.
    pub name: String,
    /// Which variant of it, such as the demo's bug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its backends' names.
    pub backends: Vec<String>,
    /// Its request kinds.
    pub kinds: Vec<KindInfo>,
    /// How connections are made: `fresh` or `pooled`.
    pub connections: String,
    /// Whether the API's process or container is observed, so that its exits would be seen.
    pub api_observed: bool,
}

/// What a trace tells of a request kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindInfo {
    /// Its name.
    pub name: String,
    /// Whether it is a job that is polled.
    pub job: bool,
    /// Whether the API echoes its token.
    pub echo: bool,
}

/// A trace, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The first line.
    pub header: Header,
    /// The plan that was executed.
    pub plan: Plan,
    /// The history: every complete event of the file.
    pub events: Vec<Event>,
    /// The verdict, if the trial came so far.
    pub judgement: Option<Judgement>,
    /// Notes that were added later, as they stand.
    pub notes: Vec<serde_json::Value>,
}

/// A trace that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened, read or written.
    #[error("the trace {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no trace.
    #[error("{}: line {line}: {message}; is this a comeback trace?", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The file was written by a later version.
    #[error(
        "{}: this trace has format version {found}, and this comeback reads up to {FORMAT_VERSION}: \
         it was written by comeback {by}; use that version or a later one", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// Who wrote it.
        by: String,
    },
    /// The file ends before the plan.
    #[error(
        "{}: it ends before its plan, so nothing in it can be used; is this a comeback trace?", path.display()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
    },
}

/// A line of the file that is neither the header nor an event.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Plan(Plan),
    Verdict(Judgement),
    Note(serde_json::Value),
}

/// Writes a trace as it happens.
#[derive(Debug)]
pub struct TraceWriter {
    path: PathBuf,
    file: File,
    written_bytes: u64,
}

impl TraceWriter {
    /// Creates the file and writes header and plan.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn create(path: &Path, header: &Header, plan: &Plan) -> Result<Self, TraceError> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| TraceError::Io {
                path: path.to_owned(),
                source,
            })?;
        let mut writer = TraceWriter {
            path: path.to_owned(),
            file,
            written_bytes: 0,
        };
        writer.line(header)?;
        writer.line(&Line::Plan(plan.clone()))?;
        Ok(writer)
    }

    /// Opens a finished trace to add a note to it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: &Path) -> Result<Self, TraceError> {
        let open = File::options().append(true).open(path);
        let file = open.map_err(|source| TraceError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(TraceWriter {
            path: path.to_owned(),
            file,
            written_bytes: 0,
        })
    }

    /// Writes an event.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn event(&mut self, event: &Event) -> Result<(), TraceError> {
        self.line(event)
    }

    /// Writes the verdict.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn judgement(&mut self, judgement: &Judgement) -> Result<(), TraceError> {
        self.line(&Line::Verdict(judgement.clone()))
    }

    /// Writes a note.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note(&mut self, note: &serde_json::Value) -> Result<(), TraceError> {
        self.line(&Line::Note(note.clone()))
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), TraceError> {
        self.file.sync_data().map_err(|source| TraceError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// How many bytes this writer has written.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    fn line<T: Serialize>(&mut self, content: &T) -> Result<(), TraceError> {
        let at = |source| TraceError::Io {
            path: self.path.clone(),
            source,
        };
        let mut line = serde_json::to_vec(content).map_err(|e| at(e.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(at)?;
        self.written_bytes += line.len() as u64;
        Ok(())
    }
}

impl Trace {
    /// Reads a trace. A last line that was cut is passed over.
    ///
    /// # Errors
    /// When the file cannot be read, is no trace, is of a newer format, or ends before its plan.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let file = File::open(path).map_err(|source| TraceError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, io::BufReader::new(file))
    }

    /// Reads a trace from any reader; `path` is for the errors' words.
    ///
    /// # Errors
    /// As [`Trace::read`].
    pub fn parse(path: &Path, mut reader: impl BufRead) -> Result<Self, TraceError> {
        let mut header = None;
        let mut plan = None;
        let mut events = Vec::new();
        let mut judgement = None;
        let mut notes = Vec::new();
        let mut buffer = Vec::new();
        for number in 1.. {
            buffer.clear();
            let read = reader.read_until(b'\n', &mut buffer);
            read.map_err(|source| TraceError::Io {
                path: path.to_owned(),
                source,
            })?;
            // A line without its end was cut while it was being written.
            if buffer.pop() != Some(b'\n') {
                break;
            }
            if header.is_none() {
                header = Some(Self::parse_header(path, &buffer)?);
                continue;
            }
            let malformed = |error: serde_json::Error| TraceError::Malformed {
                path: path.to_owned(),
                line: number,
                message: words(&error),
            };
            // Events are told from the other lines first, so that an error speaks of what the line is.
            let content: serde_json::Value = serde_json::from_slice(&buffer).map_err(malformed)?;
            if content.get("event").is_some() {
                events.push(serde_json::from_value(content).map_err(malformed)?);
                continue;
            }
            match serde_json::from_value(content).map_err(malformed)? {
                Line::Plan(content) => plan = Some(content),
                Line::Verdict(content) => judgement = Some(content),
                Line::Note(note) => notes.push(note),
            }
        }
        let too_short = || TraceError::TooShort {
            path: path.to_owned(),
        };
        let header = header.ok_or_else(too_short)?;
        let plan: Plan = plan.ok_or_else(too_short)?;
        plan.check_ids().map_err(|misfit| TraceError::Malformed {
            path: path.to_owned(),
            line: 2,
            message: misfit.to_string(),
        })?;
        Ok(Trace {
            header,
            plan,
            events,
            judgement,
            notes,
        })
    }

    fn parse_header(path: &Path, line: &[u8]) -> Result<Header, TraceError> {
        let malformed = |message: String| TraceError::Malformed {
            path: path.to_owned(),
            line: 1,
            message,
        };
        // The version is looked at first: a newer header need not parse as ours does.
        let raw: serde_json::Value =
            serde_json::from_slice(line).map_err(|e| malformed(words(&e)))?;
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
        serde_json::from_value(raw).map_err(|e| malformed(e.to_string()))
    }
}

/// What is wrong with a line. The parser takes a line for a whole text, so its own "line 1" would contradict ours.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) => format!("column {}: {what}", error.column()),
        None => text,
    }
}
