//! A way to the container engine that can be shut, as if the engine were gone.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

/// Where the engine itself listens.
const ENGINE: &str = "/var/run/docker.sock";

/// A socket in front of the engine's.
pub struct Doorway {
    folder: TempDir,
    passing: Arc<Mutex<Passing>>,
}

#[derive(Default)]
struct Passing {
    shut: bool,
    streams: Vec<UnixStream>,
}

impl Doorway {
    pub fn open() -> Self {
        let doorway = Doorway {
            folder: tempfile::tempdir().expect("a folder"),
            passing: Arc::default(),
        };
        doorway.listen();
        doorway
    }

    /// What `DOCKER_HOST` is to say.
    pub fn address(&self) -> String {
        format!("unix://{}", self.path().display())
    }

    /// Ends every connection, and takes no new one: the socket is gone.
    pub fn close(&mut self) {
        let mut passing = self.passing.lock().unwrap();
        std::fs::remove_file(self.path()).expect("it is there");
        passing.shut = true;
        for stream in passing.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn reopen(&mut self) {
        self.passing = Arc::default();
        self.listen();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    fn listen(&self) {
        let listener = UnixListener::bind(self.path()).expect("a socket");
        let passing = Arc::clone(&self.passing);
        thread::spawn(move || {
            for visitor in listener.incoming() {
                let (Ok(visitor), Ok(engine)) = (visitor, UnixStream::connect(ENGINE)) else {
                    return;
                };
                let mut passing = passing.lock().unwrap();
                if passing.shut {
                    return;
                }
                for (from, to) in [(&visitor, &engine), (&engine, &visitor)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || pass(from, to));
                }
                passing.streams.extend([visitor, engine]);
            }
        });
    }
}

/// Passes on what is said, until one side has nothing more to say.
fn pass(mut from: UnixStream, mut to: UnixStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
