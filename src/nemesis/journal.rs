//! The journal: what a run is about to do, written down before it is done, so that another process
//! can undo it.

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
use crate::trace::{self, Disk};

/// The journal of one run, as JSON Lines. The intent of a harmful act is on the disk before the act
/// is done. A run that ends well removes its journal; if the owner of a journal is dead, the
/// journal says what must be undone.
///
/// Acts that undo harm are written down, but not synced. A written line survives this process, and
/// is lost only if the machine stops. Then all that was started has ended, too, and the harm to be
/// undone is on the disk.
#[derive(Debug)]
pub struct Journal {
    /// The file; none if nothing has to survive this process.
    kept: Option<Kept>,
    /// The last act of each service, until it is done.
    under_way: Mutex<BTreeMap<String, Act>>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    file: Arc<File>,
    disk: Disk,
    /// The last lease written for each service: an unchanged one is not written again.
    leases: Mutex<BTreeMap<String, Option<Lease>>>,
}

/// The process that a journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot. A later process with the same id has another.
    pub start_ticks: u64,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The process that the journal belongs to.
    Owner(Owner),
    /// How to undo harm to a service from now on.
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
        /// When it was written, in milliseconds of the kernel's monotonic clock, which restarts
        /// with each boot. Older versions did not write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<u64>,
    },
    /// The last announced act of a service has been done. Older versions did not write this.
    Done {
        /// The service.
        service: String,
        /// The act.
        act: Act,
    },
    /// The harm is meant to stay: it is undone only on request, and not by a reaper.
    Deliberate,
}

/// A journal that cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("the journal {}: {source}", path.display())]
pub struct JournalError {
    path: PathBuf,
    source: io::Error,
}

impl JournalError {
    fn at(path: &Path) -> impl Fn(io::Error) -> JournalError {
        move |source| JournalError {
            path: path.to_owned(),
            source,
        }
    }
}

impl Journal {
    /// Begins a journal in a folder, which is created if necessary, and waits until it is on the
    /// disk.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(folder: &Path, owner: &Owner) -> Result<Self, JournalError> {
        // A journal contains commands that will be run, so it is private to the user.
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(JournalError::at(folder))?;
        // A process that works on several stacks has a journal for each.
        let mut nth = 0;
        let (path, file) = loop {
            let name = format!("{}-{}-{nth}.jsonl", owner.pid, owner.start_ticks);
            let path = folder.join(name);
            let mut options = File::options();
            let options = options.create_new(true).append(true).mode(0o600);
            match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
                Err(error) => return Err(JournalError::at(&path)(error)),
                Ok(file) => break (path, file),
            }
        };
        let kept = Kept {
            path,
            file: Arc::new(file),
            disk: Disk::default(),
            leases: Mutex::default(),
        };
        kept.append(&Record::Owner(owner.clone()))?;
        let synced = kept.file.sync_data();
        synced.map_err(JournalError::at(&kept.path))?;
        Ok(Journal {
            kept: Some(kept),
            under_way: Mutex::default(),
        })
    }

    /// The same journal with another way to sync.
    #[must_use]
    pub fn on(self, disk: Disk) -> Self {
        Journal {
            kept: self.kept.map(|kept| Kept { disk, ..kept }),
            ..self
        }
    }

    /// A journal without a file, for services that live and end with this process.
    pub fn nowhere() -> Self {
        Journal {
            kept: None,
            under_way: Mutex::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.kept.as_ref().map(|kept| &*kept.path)
    }

    /// Writes down that an act is about to be done, and how to undo harm to the service. If the act
    /// does harm, also waits until that is on the disk. From then on the act is under way.
    ///
    /// # Errors
    /// When the file cannot be written or synced. The act must not be done then.
    pub async fn intent(
        &self,
        service: &str,
        act: Act,
        lease: Option<Lease>,
    ) -> Result<(), JournalError> {
        self.lease(service, lease)?;
        if let Some(kept) = &self.kept {
            let (service, at_ms) = (service.to_owned(), Some(monotonic_ms()));
            kept.append(&Record::Intent {
                service,
                act,
                at_ms,
            })?;
            if act.is_harm() {
                kept.sync().await?;
            }
        }
        self.under_way().insert(service.to_owned(), act);
        Ok(())
    }

    /// Writes down that the last announced act has been done. This is not synced: if it is lost, a
    /// later heal only takes longer.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn done(&self, service: &str, act: Act) -> Result<(), JournalError> {
        self.under_way().remove(service);
        let service = service.to_owned();
        self.write(&Record::Done { service, act })
    }

    /// The last announced act of a service, unless it has been done: it failed or was abandoned,
    /// and may still take effect.
    pub fn in_doubt(&self, service: &str) -> Option<Act> {
        self.under_way().get(service).copied()
    }

    /// Writes down how to undo harm to a service from now on, unless that is unchanged.
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
                let service = service.to_owned();
                kept.append(&Record::Lease { service, lease })
            }
            _ => Ok(()),
        }
    }

    /// The service is well, and none of its acts is in doubt any more.
    pub fn settled(&self, service: &str) {
        self.under_way().remove(service);
    }

    /// Everything was undone: removes the file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn end(&self) -> Result<(), JournalError> {
        self.path().map_or(Ok(()), Self::remove)
    }

    /// The harm is meant to outlive this process: marks the file as such, and leaves it for a later
    /// heal.
    ///
    /// # Errors
    /// When the file cannot be written or synced. The reaper will undo the harm then.
    pub async fn leave(&self) -> Result<(), JournalError> {
        self.write(&Record::Deliberate)?;
        match &self.kept {
            Some(kept) => kept.sync().await,
            None => Ok(()),
        }
    }

    /// Reads a journal. An incomplete last line is ignored: its act was not yet done.
    ///
    /// A journal with an invalid line is refused as a whole, and not healed by its other lines.
    /// Nothing would show that it was healed, so every later run would heal by it again, and start
    /// what somebody has stopped since.
    ///
    /// # Errors
    /// When the file cannot be read, or a complete line is invalid. The message says what to do.
    pub fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
        let at = JournalError::at(path);
        let refused = |why: String| at(io::Error::new(io::ErrorKind::PermissionDenied, why));
        // Without this flag, opening a pipe would wait for a writer and block all other healing.
        let file = File::options()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(&at)?;
        let found = file.metadata().map_err(&at)?;
        if !found.is_file() {
            return Err(at(io::Error::other("it is not a file; remove it")));
        }
        let (owner, me) = (found.uid(), rustix::process::geteuid().as_raw());
        if owner != me {
            let why = format!("it belongs to user {owner}; have that user heal by it");
            return Err(refused(why));
        }
        if found.mode() & 0o002 != 0 {
            let why = "anyone can write to it, so it cannot be trusted; remove it";
            return Err(refused(why.to_owned()));
        }
        let mut reader = BufReader::new(file);
        let mut records = Vec::new();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(&at)? > 0 && line.ends_with(b"\n") {
            let record = serde_json::from_slice(&line);
            records.push(record.map_err(|error| at(nonsense(records.len() + 1, &error)))?);
            line.clear();
        }
        Ok(records)
    }

    /// The journals in a folder; none if there is no such folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
        match trace::files(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            files => files.map_err(JournalError::at(folder)),
        }
    }

    /// Removes a journal. One that is gone already is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(path: &Path) -> Result<(), JournalError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(JournalError::at(path)),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<String, Act>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, record: &Record) -> Result<(), JournalError> {
        match &self.kept {
            Some(kept) => kept.append(record),
            None => Ok(()),
        }
    }
}

impl Kept {
    /// Waits until all that was written is on the disk.
    async fn sync(&self) -> Result<(), JournalError> {
        let synced = self.disk.sync(&self.file).await;
        synced.map_err(JournalError::at(&self.path))
    }

    fn append(&self, record: &Record) -> Result<(), JournalError> {
        let at = JournalError::at(&self.path);
        let mut line = serde_json::to_vec(record).map_err(|error| at(error.into()))?;
        line.push(b'\n');
        // A single write to a file opened for appending: lines of several threads do not mix.
        (&*self.file).write_all(&line).map_err(at)
    }

    fn leases(&self) -> MutexGuard<'_, BTreeMap<String, Option<Lease>>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kernel's monotonic clock, in milliseconds since boot, not counting suspensions.
pub fn monotonic_ms() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    (now.tv_sec as u64) * 1_000 + (now.tv_nsec as u64) / 1_000_000
}

/// What is wrong with a line. The parser sees only that line, so its own "line 1" would mislead.
fn nonsense(line: usize, error: &serde_json::Error) -> io::Error {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let column = error.column();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "line {line}: column {column}: {what}; heal by the version of comeback that wrote it, or undo its acts by hand and \
             remove the file"
        ),
    )
}
