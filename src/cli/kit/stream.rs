//! Standard output and standard error. This is the only file that writes to them.
//!
//! A terminal may be closed and a pipe may lose its reader at any time. `println!` panics then, and
//! a panic in the task that waits for signals once left a stack broken. Nothing here panics: what
//! nobody can read any more is dropped, and the command goes on to heal and to end.
//!
//! Secrets are taken out here, and control characters are shown as codes, whoever wrote the text.
//! Colours are therefore put on here.

use std::io::{self, IsTerminal, Write};

use rustix::io::Errno;
use tracing_subscriber::fmt::MakeWriter;

use crate::redact;
use crate::report::Tone;

/// Writes a line to standard error.
pub fn say(line: &str) {
    ask(&format!("{line}\n"));
}

/// Writes to standard error without ending the line.
pub fn ask(text: &str) {
    // Nobody is left who could be told that this failed.
    let _ = io::stderr().write_all(shown(text).as_bytes());
}

/// A text that others may have worded, fit for a terminal.
pub fn shown(text: &str) -> String {
    redact::visible(&redact::foreign(text)).into_owned()
}

/// Writes to standard output; `false` when nobody reads it any more.
///
/// # Errors
/// When standard output cannot be written to, such as a file on a full disk.
pub fn out(text: &str) -> io::Result<bool> {
    write(&redact::visible(&redact::own(text)))
}

/// Writes a line to standard output, in the colour of its tone where there are colours; `false`
/// when nobody reads it any more.
///
/// # Errors
/// As [`out`].
pub fn line(line: &str, tone: Tone) -> io::Result<bool> {
    let line = redact::own(line);
    let line = redact::visible(&line);
    match (tone, has_colours()) {
        (Tone::Bad, true) => write(&format!("\x1b[31m{line}\x1b[0m\n")),
        (Tone::Good, true) => write(&format!("\x1b[32m{line}\x1b[0m\n")),
        _ => write(&format!("{line}\n")),
    }
}

fn write(text: &str) -> io::Result<bool> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if is_closed(&error) => Ok(false),
        other => other.map(|()| true),
    }
}

/// Whether standard output shows colours, and is wanted to.
fn has_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && io::stdout().is_terminal()
}

/// Whether a pipe has lost its reader, or a terminal was closed.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Takes the program's own diagnostics to standard error.
pub struct Diagnostics;

/// One message of the diagnostics.
pub struct Message;

impl<'a> MakeWriter<'a> for Diagnostics {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        Message
    }
}

impl Write for Message {
    /// Never fails: tracing reports a failure by `eprintln!`, which panics.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        ask(&String::from_utf8_lossy(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
