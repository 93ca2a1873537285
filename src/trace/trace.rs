//! A whole trace.

use std::io::BufRead;
use std::path::Path;

use super::{Event, Header, Lines, TraceError, TraceLine, TraceWriter};
use crate::model::{Judgement, Plan, Verdict};
use crate::whole_file::WholeFile;

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

impl Trace {
    /// The verdict; inconclusive where the trial did not come so far.
    pub fn verdict(&self) -> Verdict {
        let judgement = self.judgement.as_ref();
        judgement.map_or(Verdict::Inconclusive, |judgement| judgement.verdict)
    }

    /// Writes a whole trace, and waits until it is on the disk. A file that is there is replaced.
    ///
    /// # Errors
    /// When the file cannot be written; what was there before is still there then.
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let at = TraceError::at(path);
        let whole = WholeFile::begin(path).map_err(&at)?;
        let file = whole.file().map_err(&at)?;
        let mut writer = TraceWriter::begin(path, file, &self.header, &self.plan)?;
        for event in &self.events {
            writer.event(event)?;
        }
        if let Some(judgement) = &self.judgement {
            writer.judgement(judgement)?;
        }
        for note in &self.notes {
            writer.note(note)?;
        }
        writer.flush()?;
        whole.sync().and_then(|()| whole.finish()).map_err(at)
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
