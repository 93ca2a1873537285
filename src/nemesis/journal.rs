//! What a run is about to do, written down before it is done, so that others can undo it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::OFlags;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::model::Act;
use crate::stack::Lease;
use crate::trace::Disk;

/// The journal of one run: JSON Lines. What announces an act that takes something from a service is
/// on the disk before the act. A run that ends well removes the journal; one that is found while
/// its owner is dead tells what is to be undone.
///
/// What gives something back is written down, and not synced. A line that was written outlives this
/// process, and only a machine that stops may lose it: then whatever was started has ended, too,
/// and the harm that was to be undone is on the disk.
#[derive(Debug)]
pub struct Journal {
    /// Where it is kept; none where nothing has to be.
    kept: Option<Kept>,
    /// The act of each service that was begun last, until it is done.
    under_way: Mutex<BTreeMap<String, Act>>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    file: Arc<File>,
    disk: Disk,
    /// The lease last written for each service, so that one that has not changed is not written
    /// again.
    leases: Mutex<BTreeMap<String, Option<Lease>>>,
}

/// The process a journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot: tells it from a later process of the same id.
    pub start_ticks: u64,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// Whose journal this is.
    Owner(Owner),
    /// How a service is to be undone from now on.
    Lease {
        /// The service.
        service: String,
        /// How.
        lease: Lease,
    },
    /// An act that is about to be done.
    Intent {
        /// The service.
        service: String,
        /// The act.
        act: Act,
        /// When it was written, in milliseconds of the kernel's monotonic clock, which begins anew
        /// with each boot. Versions before did not write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<u64>,
    },
    /// The act of a service that was announced last has been done. Versions before did not write
    /// it.
    Done {
        /// The service.
        service: String,
        /// The act.
        act: Act,
    },
    /// What was done is meant to stay: only somebody who asks for it undoes it, and no reaper.
    Deliberate,
}

/// A journal that cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("the journal {}: {source}", path.display())]
pub struct JournalError {
    path: PathBuf,
    source: io::Error,
}

impl Journal {
    /// Begins a journal in a folder, which is made if need be, and waits until the disk has it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(folder: &Path, owner: &Owner) -> Result<Self, JournalError> {
        let at = |path: &Path, source| JournalError {
            path: path.to_owned(),
            source,
        };
        // A journal holds commands that are run, and tells what is done to whom: it is nobody
        // else's business.
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(|error| at(folder, error))?;
        // A process that is at several stacks has a journal for each.
        let mut nth = 0;
        let (path, file) = loop {
            let name = format!("{}-{}-{nth}.jsonl", owner.pid, owner.start_ticks);
            let path = folder.join(name);
            let mut options = File::options();
            let options = options.create_new(true).append(true).mode(0o600);
            match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
                Err(error) => return Err(at(&path, error)),
                Ok(file) => break (path, file),
            }
        };
        let kept = Kept {
            path,
            file: Arc::new(file),
            disk: Disk::default(),
            leases: Mutex::default(),
        };
        kept.append(&[Record::Owner(owner.clone())])?;
        kept.file
            .sync_data()
            .map_err(|error| at(&kept.path, error))?;
        Ok(Journal {
            kept: Some(kept),
            under_way: Mutex::default(),
        })
    }

    /// The same journal on a disk that is synced in another way.
    #[must_use]
    pub fn on(self, disk: Disk) -> Self {
        Journal {
            kept: self.kept.map(|kept| Kept { disk, ..kept }),
            ..self
        }
    }

    /// A journal that is kept nowhere: for services that live in this process, and end with it
    /// whatever happens.
    pub fn nowhere() -> Self {
        Journal {
            kept: None,
            under_way: Mutex::default(),
        }
    }

    /// Where it is kept.
    pub fn path(&self) -> Option<&Path> {
        self.kept.as_ref().map(|kept| &*kept.path)
    }

    /// Writes down that an act is about to be done, and how the service is to be undone; and waits
    /// until the disk has it where the act takes something from the service. From then on the act
    /// is under way.
    ///
    /// # Errors
    /// When the file cannot be written or synced; then the act must not be done.
    pub async fn intent(
        &self,
        service: &str,
        act: Act,
        lease: Option<Lease>,
    ) -> Result<(), JournalError> {
        self.lease(service, lease)?;
        if let Some(kept) = &self.kept {
            let (service, at_ms) = (service.to_owned(), Some(monotonic_ms()));
            kept.append(&[Record::Intent {
                service,
                act,
                at_ms,
            }])?;
            if act.is_harm() {
                kept.sync().await?;
            }
        }
        self.under_way().insert(service.to_owned(), act);
        Ok(())
    }

    /// Writes down that the act announced last has been done. It is not synced: one that is lost
    /// costs time and nothing else.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn done(&self, service: &str, act: Act) -> Result<(), JournalError> {
        self.under_way().remove(service);
        let service = service.to_owned();
        self.write(&[Record::Done { service, act }])
    }

    /// The act of a service that was announced last, unless it has been done: it failed or was
    /// given up, and may yet take effect.
    pub fn in_doubt(&self, service: &str) -> Option<Act> {
        self.under_way().get(service).copied()
    }

    /// Writes down how a service is to be undone from now on, unless that is known already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn lease(&self, service: &str, lease: Option<Lease>) -> Result<(), JournalError> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let known = kept.leases().insert(service.to_owned(), lease.clone());
        match lease {
            Some(lease) if known.flatten().as_ref() != Some(&lease) => {
                self.write(&[Record::Lease {
                    service: service.to_owned(),
                    lease,
                }])
            }
            _ => Ok(()),
        }
    }

    /// A service is as it should be, and nothing is in doubt any more as far as this process is
    /// concerned.
    pub fn settled(&self, service: &str) {
        self.under_way().remove(service);
    }

    /// Everything was undone: removes the file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn end(&self) -> Result<(), JournalError> {
        self.path().map_or(Ok(()), remove)
    }

    /// What was done is meant to stay when this process has ended: leaves the file for whoever
    /// wants to undo it.
    ///
    /// # Errors
    /// When the file cannot be written or synced; then the reaper will undo what was done.
    pub async fn leave(&self) -> Result<(), JournalError> {
        self.write(&[Record::Deliberate])?;
        match &self.kept {
            Some(kept) => kept.sync().await,
            None => Ok(()),
        }
    }

    /// Reads a journal. A last line that was cut is passed over: its act was not yet done.
    ///
    /// A journal with a line that makes no sense is refused as a whole, and not healed by the lines
    /// that do. Nobody could tell afterwards that it was healed, so every later run would heal by
    /// it again, and start what somebody has stopped since.
    ///
    /// # Errors
    /// When the file cannot be read, or a whole line of it makes no sense. The words say what to
    /// do.
    pub fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
        let at = |source| JournalError {
            path: path.to_owned(),
            source,
        };
        // To open a pipe that nobody writes to would otherwise wait for a writer, and heal nothing
        // else.
        let options = File::options()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path);
        let file = options.map_err(at)?;
        let found = file.metadata().map_err(at)?;
        if !found.is_file() {
            return Err(at(io::Error::other("it is no file; remove it")));
        }
        let (owner, me) = (found.uid(), rustix::process::geteuid().as_raw());
        if owner != me {
            let told = format!("it belongs to user {owner}; have that user heal by it");
            return Err(at(io::Error::new(io::ErrorKind::PermissionDenied, told)));
        }
        if found.mode() & 0o002 != 0 {
            let told = "everybody may write to it, so what it says is not to be trusted; remove it";
            return Err(at(io::Error::new(io::ErrorKind::PermissionDenied, told)));
        }
        let mut reader = BufReader::new(file);
        let mut records = Vec::new();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(at)? > 0 && line.ends_with(b"\n") {
            let record = serde_json::from_slice(&line);
            records.push(record.map_err(|error| at(nonsense(records.len() + 1, &error)))?);
            line.clear();
        }
        Ok(records)
    }

    /// The journals in a folder; none where there is no such folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
        let at = |source| JournalError {
            path: folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(at)?,
        };
        let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
        let mut paths = paths.map_err(at)?;
        paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
        paths.sort();
        Ok(paths)
    }

    /// Removes a journal that was healed by another process. One that is gone already is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(path: &Path) -> Result<(), JournalError> {
        remove(path)
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<String, Act>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, records: &[Record]) -> Result<(), JournalError> {
        match &self.kept {
            Some(kept) => kept.append(records),
            None => Ok(()),
        }
    }
}

impl Kept {
    /// Waits until the disk has what was written.
    async fn sync(&self) -> Result<(), JournalError> {
        let synced = self.disk.sync(&self.file).await;
        synced.map_err(|source| self.at(source))
    }

    fn append(&self, records: &[Record]) -> Result<(), JournalError> {
        let at = |source| self.at(source);
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, record).map_err(|e| at(e.into()))?;
            text.push(b'\n');
        }
        // One write, and the file is opened for appending: lines of several threads do not mix.
        (&*self.file).write_all(&text).map_err(at)
    }

    fn at(&self, source: io::Error) -> JournalError {
        let path = self.path.clone();
        JournalError { path, source }
    }

    fn leases(&self) -> MutexGuard<'_, BTreeMap<String, Option<Lease>>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kernel's monotonic clock, in milliseconds since boot without the time asleep.
pub fn monotonic_ms() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    (now.tv_sec as u64) * 1_000 + (now.tv_nsec as u64) / 1_000_000
}

/// What is wrong with a line. The parser takes it for a whole text, so its own "line 1" would
/// mislead.
fn nonsense(line: usize, error: &serde_json::Error) -> io::Error {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let column = error.column();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "line {line}: column {column}: {what}; heal by the version of comeback that wrote it, or undo by hand what it tells of, \
             and remove the file"
        ),
    )
}

fn remove(path: &Path) -> Result<(), JournalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
