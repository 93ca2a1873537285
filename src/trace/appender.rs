//! Appending to a file on a thread of its own.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Lines are collected for this long before each write: a write costs as much as formatting a dozen
/// events. A process that is killed loses about this much, unless the disk is slow.
const COLLECT_FOR: Duration = Duration::from_millis(1);

/// With more unwritten bytes than this, appending waits for the disk.
const MOST_WAITING: usize = 4 << 20;

/// Appends to a file. A thread writes the bytes, usually within a millisecond, so that appending
/// does not wait for the disk.
#[derive(Debug)]
pub(super) struct Appender {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    file: Arc<File>,
    state: Mutex<Waiting>,
    /// There is something to write, or to stop for.
    work: Condvar,
    /// Something was written, or could not be.
    done: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Whether the thread is collecting or writing, so that it needs no waking.
    is_awake: bool,
    /// Whether somebody waits until all is written.
    is_urgent: bool,
    is_closed: bool,
    /// The first error. Nothing is written after it.
    failure: Option<io::Error>,
}

impl Appender {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(file: Arc<File>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            file,
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("trace".to_owned());
        Ok(Appender {
            thread: Some(thread.spawn(move || writing.write_all())?),
            shared,
        })
    }

    /// Appends bytes, which are written soon.
    ///
    /// # Errors
    /// When what was appended before could not be written.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.shared.lock();
        while state.bytes.len() > MOST_WAITING && state.failure.is_none() {
            state = wait(&self.shared.done, state);
        }
        if let Some(error) = &state.failure {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        state.bytes.extend_from_slice(bytes);
        if !state.is_awake {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// A function that blocks until everything that was appended before is written.
    ///
    /// Its error is the first that a write had.
    pub fn flush(&self) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            let mut state = shared.lock();
            while (state.is_awake || !state.bytes.is_empty()) && state.failure.is_none() {
                state.is_urgent = true;
                shared.work.notify_one();
                state = wait(&shared.done, state);
            }
            match &state.failure {
                Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
                None => Ok(()),
            }
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does not panic, and `flush` and `append` return its errors.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Writes until it is closed and nothing is left.
    fn write_all(&self) {
        let mut bytes = Vec::new();
        let mut state = self.lock();
        loop {
            while state.bytes.is_empty() {
                if state.is_closed {
                    return;
                }
                state = wait(&self.work, state);
            }
            if !state.is_urgent && !state.is_closed {
                state.is_awake = true;
                let pause = self.work.wait_timeout(state, COLLECT_FOR);
                state = pause.unwrap_or_else(PoisonError::into_inner).0;
            }
            state.is_awake = true;
            state.is_urgent = false;
            std::mem::swap(&mut bytes, &mut state.bytes);
            drop(state);
            let written = (&*self.file).write_all(&bytes);
            bytes.clear();
            state = self.lock();
            state.is_awake = false;
            if let Err(error) = written {
                state.failure = Some(error);
                state.bytes.clear();
                self.done.notify_all();
                return;
            }
            self.done.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that is done with it locked can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a, T>(on: &Condvar, state: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    on.wait(state).unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, pipe};
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_is_appended_is_in_the_file_once_it_is_flushed_or_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let appender = Appender::start(Arc::new(File::create(&path).unwrap())).unwrap();
        for nth in 0..1_000 {
            appender.append(format!("{nth}\n").as_bytes()).unwrap();
        }
        appender.flush()().unwrap();
        let lines = || fs::read_to_string(&path).unwrap().lines().count();
        assert_eq!(lines(), 1_000);
        appender.append(b"last\n").unwrap();
        drop(appender);
        assert_eq!(lines(), 1_001);
    }

    #[test]
    fn what_is_appended_is_written_soon_although_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let appender = Appender::start(Arc::new(File::create(&path).unwrap())).unwrap();
        appender.append(b"alone\n").unwrap();
        while fs::read(&path).unwrap().is_empty() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_full_disk_fails_the_flush_and_what_is_appended_later() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let appender = Appender::start(Arc::new(full)).unwrap();
        appender.append(b"lost\n").unwrap();
        assert!(appender.flush()().is_err());
        assert!(appender.append(b"lost, too\n").is_err());
    }

    #[test]
    fn a_flush_waits_for_what_is_being_written() {
        let (mut reader, writer) = pipe().unwrap();
        let appender = Appender::start(Arc::new(File::from(OwnedFd::from(writer)))).unwrap();
        // More than a pipe holds, so that the write lasts until somebody reads.
        let chunk = vec![b'x'; 1 << 20];
        appender.append(&chunk).unwrap();
        // Now nothing waits to be written any more.
        thread::sleep(20 * COLLECT_FOR);
        let flush = appender.flush();
        let is_flushed = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                flush().unwrap();
                is_flushed.store(true, Ordering::SeqCst);
            });
            thread::sleep(Duration::from_millis(100));
            let too_early = is_flushed.load(Ordering::SeqCst);
            reader.read_exact(&mut vec![0; chunk.len()]).unwrap();
            assert!(!too_early, "a megabyte was not yet read");
        });
        assert!(is_flushed.load(Ordering::SeqCst));
    }

    #[test]
    fn appending_waits_for_a_slow_disk_before_it_takes_much_memory() {
        let (mut reader, writer) = pipe().unwrap();
        let file = File::from(OwnedFd::from(writer));
        let appender = Appender::start(Arc::new(file)).unwrap();
        let chunk = vec![b'x'; MOST_WAITING + 1];
        let appended = AtomicUsize::new(0);
        let count = || appended.load(Ordering::SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    appender.append(&chunk).unwrap();
                    appended.fetch_add(1, Ordering::SeqCst);
                }
            });
            // One chunk is being written, and one waits. Nobody reads, so the third must not be
            // taken.
            thread::sleep(Duration::from_millis(100));
            let taken = count();
            let mut read = vec![0; 3 * chunk.len()];
            reader.read_exact(&mut read).unwrap();
            assert!((1..=2).contains(&taken), "{taken}");
        });
        assert_eq!(count(), 3);
    }
}
