//! Syncing a file without blocking anything else.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

/// How files are synced.
///
/// A sync takes a fraction of a millisecond on one disk, and 150 ms on another that is busy or
/// remote. Requests and faults must not be late because of that, so a sync runs on its own thread.
/// Simulated time stands still meanwhile: tokio does not advance a paused clock while such a thread
/// runs.
#[derive(Clone)]
pub struct Disk(Arc<SyncFile>);

/// Syncs a file.
type SyncFile = dyn Fn(Arc<File>) -> BoxFuture<'static, io::Result<()>> + Send + Sync;

impl Disk {
    /// Syncs by a blocking call on its own thread.
    pub fn blocking(sync: impl Fn(&File) -> io::Result<()> + Copy + Send + Sync + 'static) -> Self {
        Disk::new(move |file| {
            Box::pin(async move {
                let synced = spawn_blocking(move || sync(&file));
                synced.await.map_err(io::Error::other)?
            })
        })
    }

    /// Syncs in any other way.
    pub fn new(
        sync: impl Fn(Arc<File>) -> BoxFuture<'static, io::Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Disk(Arc::new(sync))
    }

    /// Waits until all that was written to a file is on the disk.
    ///
    /// # Errors
    /// When the sync fails.
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
