//! The file of a trace: JSON Lines, written as things happen.
//!
//! The lines are: the header, the plan, the events, the verdict, and notes added later. Each is
//! written by one `write(2)`, so a reader of a file whose writer was killed sees every line that
//! was completed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::Written;
use super::{Disk, Event, Lines, TraceLine};
use crate::model::{Executed, Judgement, Limits, LogPatterns, Plan, Verdict};
use crate::redact;

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
    /// How long the harness paused between two probes of the API, in milliseconds.
    #[serde(default = "probe_every_ms")]
    pub probe_every_ms: u64,
    /// How many trials the stack had been through since its last reset, this one not counted.
    pub trials_since_reset: u64,
    /// When the trial began, by the wall clock (RFC 3339).
    pub started_at: String,
}

/// The pause between two probes where an older trace does not tell it: the default of the time.
fn probe_every_ms() -> u64 {
    500
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
    /// What the backends' logs tell of executions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executed: BTreeMap<String, Executed>,
    /// Its request kinds.
    pub kinds: Vec<KindInfo>,
    /// How connections are made: `fresh` or `pooled`.
    pub connections: String,
    /// Whether the API's process or container is observed, so that its exits would be seen.
    pub api_observed: bool,
    /// Whether it was simulated: in memory, and on a clock of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

impl StackInfo {
    /// A name for files about this stack: its name and variant, with every odd character replaced.
    pub fn file_stem(&self) -> String {
        let name = match &self.variant {
            Some(variant) => format!("{}-{variant}", self.name),
            None => self.name.clone(),
        };
        let is_odd = |c: char| !c.is_alphanumeric() && !"-_.".contains(c);
        name.replace(is_odd, "_")
    }
}

/// What a trace tells of a request kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindInfo {
    /// Its name.
    pub name: String,
    /// Whether it is a job that is polled.
    pub job: bool,
    /// The states in which faults strike a job of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
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

impl TraceError {
    /// What to do about a trace that cannot be read, in a few words.
    pub fn remedy(&self) -> &'static str {
        match self {
            TraceError::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path",
                io::ErrorKind::PermissionDenied => "make it readable for this user",
                io::ErrorKind::IsADirectory => "name the traces in it, such as FOLDER/*.jsonl",
                _ => "leave the file out, or copy it from where it can be read",
            },
            TraceError::Malformed { .. } => "correct that line, or leave the file out",
            TraceError::Newer { .. } => "or leave the file out",
            TraceError::TooShort { .. } => "leave the file out",
        }
    }
}

impl Header {
    /// When the trial began, since the epoch; zero where it does not say so.
    pub fn began(&self) -> Duration {
        let began = humantime::parse_rfc3339(&self.started_at).ok();
        let since = began.and_then(|began| began.duration_since(UNIX_EPOCH).ok());
        since.unwrap_or_default()
    }
}

/// Writes a trace as it happens.
#[derive(Debug)]
pub struct TraceWriter {
    path: PathBuf,
    file: Arc<File>,
    disk: Disk,
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
        let mut writer = TraceWriter::of(path, file);
        writer.line(header)?;
        writer.line(&Written::Plan(plan.clone()))?;
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
        Ok(TraceWriter::of(path, file))
    }

    fn of(path: &Path, file: File) -> Self {
        TraceWriter {
            path: path.to_owned(),
            file: Arc::new(file),
            disk: Disk::default(),
            written_bytes: 0,
        }
    }

    /// The same writer on a disk that is synced in another way.
    #[must_use]
    pub fn on(self, disk: Disk) -> Self {
        TraceWriter { disk, ..self }
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
        self.line(&Written::Verdict(judgement.clone()))
    }

    /// Writes a note.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note(&mut self, note: &serde_json::Value) -> Result<(), TraceError> {
        self.line(&Written::Note(note.clone()))
    }

    /// Waits until all that was written before this call is on the disk. The writer can be used
    /// meanwhile.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> impl Future<Output = Result<(), TraceError>> + Send + use<> {
        let (file, disk, path) = (Arc::clone(&self.file), self.disk.clone(), self.path.clone());
        async move {
            let synced = disk.sync(&file).await;
            synced.map_err(|source| TraceError::Io { path, source })
        }
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
        let mut line = redact::to_json(content).map_err(|e| at(e.into()))?;
        line.push('\n');
        (&*self.file).write_all(line.as_bytes()).map_err(at)?;
        self.written_bytes += line.len() as u64;
        Ok(())
    }
}

impl Trace {
    /// The verdict; inconclusive where the trial did not come so far.
    pub fn verdict(&self) -> Verdict {
        let judgement = self.judgement.as_ref();
        judgement.map_or(Verdict::Inconclusive, |judgement| judgement.verdict)
    }

    /// Writes a whole trace into a new file.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let mut writer = TraceWriter::create(path, &self.header, &self.plan)?;
        for event in &self.events {
            writer.event(event)?;
        }
        if let Some(judgement) = &self.judgement {
            writer.judgement(judgement)?;
        }
        for note in &self.notes {
            writer.note(note)?;
        }
        Ok(())
    }

    /// Reads a trace. A last line that was cut is passed over.
    ///
    /// # Errors
    /// When the file cannot be read, is no trace, is of a newer format, or ends before its plan.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        Self::collect(path, Lines::open(path)?)
    }

    /// Reads a trace from any reader; `path` is for the errors' words.
    ///
    /// # Errors
    /// As [`Trace::read`].
    pub fn parse(path: &Path, reader: impl BufRead) -> Result<Self, TraceError> {
        Self::collect(path, Lines::new(path, reader)?)
    }

    fn collect(path: &Path, lines: Lines<impl BufRead>) -> Result<Self, TraceError> {
        let header = lines.header().clone();
        let mut plan = None;
        let mut events = Vec::new();
        let mut judgement = None;
        let mut notes = Vec::new();
        for line in lines {
            match line? {
                TraceLine::Plan(content) => plan = Some(content),
                TraceLine::Event(event) => events.push(event),
                TraceLine::Verdict(content) => judgement = Some(content),
                TraceLine::Note(note) => notes.push(note),
            }
        }
        let plan: Plan = plan.ok_or_else(|| TraceError::TooShort {
            path: path.to_owned(),
        })?;
        Ok(Trace {
            header,
            plan,
            events,
            judgement,
            notes,
        })
    }
}
