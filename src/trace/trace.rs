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
        let mut building = Building::default();
        for line in lines {
            building.take(line?);
        }
        building.finish(path, header)
    }
}

/// A trace that is put together line by line.
#[derive(Default)]
pub(super) struct Building {
    plan: Option<Plan>,
    events: Vec<Event>,
    judgement: Option<Judgement>,
    notes: Vec<serde_json::Value>,
}

impl Building {
    /// Adds the next line.
    pub fn take(&mut self, line: TraceLine) {
        match line {
            TraceLine::Plan(plan) => self.plan = Some(plan),
            TraceLine::Event(event) => self.events.push(event),
            TraceLine::Verdict(judgement) => self.judgement = Some(judgement),
            TraceLine::Note(note) => self.notes.push(note),
        }
    }

    /// The trace, whose file is named in the error if there was no plan.
    pub fn finish(self, path: &Path, header: Header) -> Result<Trace, TraceError> {
        let plan = self.plan.ok_or_else(|| TraceError::TooShort {
            path: path.to_owned(),
        })?;
        Ok(Trace {
            header,
            plan,
            events: self.events,
            judgement: self.judgement,
            notes: self.notes,
        })
    }
}
