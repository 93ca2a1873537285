//! Bringing a file to the disk without holding anybody up.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

/// How a file is brought to the disk.
///
/// A sync takes a fraction of a millisecond on one disk and 150 ms on another, which is busy or far
/// away. Whoever sends requests and does faults must not be late for that, so it waits on a thread
/// of its own. Where time is simulated, it stands still meanwhile: tokio does not advance a paused
/// clock while such a thread is at work.
#[derive(Clone)]
pub struct Disk(Arc<SyncFile>);

/// Brings what was written to a file to the disk.
type SyncFile = dyn Fn(Arc<File>) -> BoxFuture<'static, io::Result<()>> + Send + Sync;

impl Disk {
    /// A disk that is synced by a call that blocks, on a thread of its own.
    pub fn blocking(sync: impl Fn(&File) -> io::Result<()> + Copy + Send + Sync + 'static) -> Self {
        Disk::new(move |file| {
            Box::pin(async move {
                let synced = spawn_blocking(move || sync(&file));
                synced.await.map_err(io::Error::other)?
            })
        })
    }

    /// A disk that is synced in any other way.
    pub fn new(
        sync: impl Fn(Arc<File>) -> BoxFuture<'static, io::Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Disk(Arc::new(sync))
    }

    /// Waits until all that was written to a file is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn sync(&self, file: &Arc<File>) -> io::Result<()> {
        (self.0)(Arc::clone(file)).await
    }
}

impl Default for Disk {
    fn default() -> Self {
        Disk::blocking(File::sync_data)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}
