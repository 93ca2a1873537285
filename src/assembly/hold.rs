//! Two runs on one stack would each take the other's faults for failures of the API, so a run holds
//! its services while it lasts.
//!
//! A service is known by what it is, and not by what a configuration calls it: a container by its
//! id, a process or a command by what is executed and where. Each has a file beside the journals,
//! and the kernel's lock on that file ends with the process, however it ends.

use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::error::{AssemblyError, Busy};
use super::state_folder;
use crate::campaign::Interrupt;
use crate::stack::Stack;

/// How often to look whether services that are waited for are free.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The services of a stack, kept from other runs for as long as this lives.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "it is held, and not looked at")] Vec<File>);

impl Hold {
    /// Holds the services of a stack, at once or, where it may wait, as soon as they are free;
    /// `waits` learns for whom.
    ///
    /// # Errors
    /// [`Busy`] when another run holds one, or the wait was interrupted; and when a lock's file
    /// cannot be made.
    pub async fn of(
        stack: &Stack,
        wait: bool,
        interrupt: &Interrupt,
        waits: impl FnOnce(&str),
    ) -> Result<Self, AssemblyError> {
        let folder = state_folder()?.join("locks");
        let services = stack.services();
        let known: Vec<(String, PathBuf)> = services
            .filter_map(|(name, driver)| {
                Some((name.to_owned(), path(&folder, &driver.identity()?)))
            })
            .collect();
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        made.map_err(AssemblyError::at("make", &folder))?;
        let mut waits = Some(waits);
        loop {
            let busy = match Self::all(&known)? {
                Ok(hold) => return Ok(hold),
                Err(busy) if !wait => return Err(busy.into()),
                Err(busy) => busy,
            };
            if let Some(waits) = waits.take() {
                let Busy { service, holder } = &busy;
                waits(&format!("{holder}, which is using `{service}`"));
            }
            tokio::select! {
                biased;
                () = interrupt.requested() => return Err(busy.into()),
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Holds all of them or none, so that two runs cannot deadlock.
    fn all(known: &[(String, PathBuf)]) -> Result<Result<Self, Busy>, AssemblyError> {
        let mut files = Vec::new();
        for (service, path) in known {
            match try_hold(path).map_err(AssemblyError::at("lock", path))? {
                Ok(file) => files.push(file),
                Err(holder) => {
                    let service = service.clone();
                    return Ok(Err(Busy { service, holder }));
                }
            }
        }
        Ok(Ok(Hold(files)))
    }
}

fn path(folder: &Path, identity: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    folder.join(format!("{:016x}.lock", hasher.finish()))
}

/// Locks a file and writes into it who holds it; or returns who already does.
fn try_hold(path: &Path) -> std::io::Result<Result<File, String>> {
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            return Ok(Err(holder));
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    write!(file, "`{}` (process {})", verb(), std::process::id())?;
    Ok(Ok(file))
}

/// What this process is, by its first two words: the others may hold something secret.
fn verb() -> String {
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default();
    let program = program.to_string_lossy().into_owned();
    let verb = words.next().unwrap_or_default();
    format!("{program} {verb}").trim().to_owned()
}
