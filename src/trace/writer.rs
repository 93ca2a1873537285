//! Writing the file of a trace.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::task::spawn_blocking;

use super::appender::Appender;
use super::format::Written;
use super::{Disk, Event, EventKind, Header, Moment, TraceError};
use crate::model::{Judgement, Plan};
use crate::redact;

/// Writes a trace as it happens. Events are written a moment later, by a thread of their own;
/// everything else at once.
#[derive(Debug)]
pub struct TraceWriter {
    path: PathBuf,
    file: Arc<File>,
    /// Writes the events. There is none before the first.
    events: Option<Appender>,
    disk: Disk,
    written_bytes: u64,
}

/// The kind of an event as text: what takes time about writing an event, and can be done before
/// its place in the history is known.
#[derive(Debug)]
pub(super) struct KindText(serde_json::Result<String>);

impl KindText {
    pub fn of(kind: &EventKind) -> Self {
        KindText(redact::to_json(kind))
    }

    /// The line of the event, the same as that of an [`Event`].
    fn line(self, Moment { seq, at_us }: Moment) -> serde_json::Result<String> {
        // Every kind has a name, so that something follows.
        let fields = self.0?;
        let fields = fields.strip_prefix('{').unwrap_or(&fields);
        Ok(format!("{{\"seq\":{seq},\"at_us\":{at_us},{fields}\n"))
    }
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
            .map_err(TraceError::at(path))?;
        TraceWriter::begin(path, file, header, plan)
    }

    /// Writes header and plan into a file, which is or will be at this path.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn begin(
        path: &Path,
        file: File,
        header: &Header,
        plan: &Plan,
    ) -> Result<Self, TraceError> {
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
        Ok(TraceWriter::of(path, open.map_err(TraceError::at(path))?))
    }

    fn of(path: &Path, file: File) -> Self {
        TraceWriter {
            path: path.to_owned(),
            file: Arc::new(file),
            events: None,
            disk: Disk::default(),
            written_bytes: 0,
        }
    }

    /// The same writer on a disk that is synced in another way.
    #[must_use]
    pub fn on(self, disk: Disk) -> Self {
        TraceWriter { disk, ..self }
    }

    /// Writes an event, soon.
    ///
    /// # Errors
    /// When an earlier one could not be written.
    pub fn event(&mut self, event: &Event) -> Result<(), TraceError> {
        self.event_of(event.moment(), KindText::of(&event.kind))
    }

    /// Writes an event whose text was made before its place was known.
    pub(super) fn event_of(&mut self, place: Moment, kind: KindText) -> Result<(), TraceError> {
        let at = TraceError::at(&self.path);
        let line = kind.line(place).map_err(|error| at(error.into()))?;
        self.written_bytes += line.len() as u64;
        let events = match &mut self.events {
            Some(events) => events,
            none => none.insert(Appender::start(Arc::clone(&self.file)).map_err(&at)?),
        };
        events.append(line.as_bytes()).map_err(at)
    }

    /// Waits until every event is written. Blocks the thread.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn flush(&self) -> Result<(), TraceError> {
        let flushed = self
            .events
            .as_ref()
            .map_or(Ok(()), |events| events.flush()());
        flushed.map_err(TraceError::at(&self.path))
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
        let flush = self.events.as_ref().map(Appender::flush);
        async move {
            let synced = async {
                if let Some(flush) = flush {
                    spawn_blocking(flush).await.map_err(io::Error::other)??;
                }
                disk.sync(&file).await
            };
            let synced = synced.await;
            synced.map_err(TraceError::at(&path))
        }
    }

    /// How many bytes this writer has written, or is about to write.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    fn line<T: Serialize>(&mut self, content: &T) -> Result<(), TraceError> {
        self.flush()?;
        let line = self.text(content)?;
        let written = (&*self.file).write_all(line.as_bytes());
        written.map_err(TraceError::at(&self.path))
    }

    /// The line of something that is about to be written.
    fn text<T: Serialize>(&mut self, content: &T) -> Result<String, TraceError> {
        let line = redact::to_json(content);
        let mut line = line.map_err(|error| TraceError::at(&self.path)(error.into()))?;
        line.push('\n');
        self.written_bytes += line.len() as u64;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_an_event_is_its_json() {
        let kinds = [
            EventKind::Interrupted,
            EventKind::Trouble {
                during: "{\"".to_owned(),
                message: String::new(),
            },
            EventKind::Other(serde_json::Map::from_iter([(
                "event".to_owned(),
                "eclipse".into(),
            )])),
        ];
        for kind in kinds {
            let place = Moment { seq: 7, at_us: 12 };
            let line = KindText::of(&kind).line(place).unwrap();
            let event = Event {
                seq: 7,
                at_us: 12,
                kind,
            };
            assert_eq!(line, serde_json::to_string(&event).unwrap() + "\n");
        }
    }
}
