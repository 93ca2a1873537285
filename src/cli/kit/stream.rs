//! Standard output and standard error. This is the only file that writes to them.
//!
//! A terminal may be closed and a pipe may lose its reader at any time. `println!` panics then, and
//! a panic in the task that waits for signals once left a stack broken. Nothing here panics: what
//! nobody can read any more is dropped, and the command goes on to heal and to end.
//!
//! Secrets are taken out here, and control characters are shown as codes, whatever the text's
//! source. Colours are therefore put on here.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use rustix::io::Errno;
use tracing_subscriber::fmt::MakeWriter;

use crate::redact;
use crate::report::Tone;

/// Whether anything was written to standard output.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Writes a line to standard error.
pub fn say(line: &str) {
    ask(&format!("{line}\n"));
}

/// Writes to standard error without ending the line.
pub fn ask(text: &str) {
    // There is no other place to report that this failed.
    let _ = io::stderr().write_all(shown(text).as_bytes());
}

/// A text that others may have worded, fit for a terminal.
pub fn shown(text: &str) -> String {
    redact::visible(&redact::foreign(text)).into_owned()
}

/// Writes to standard output; `false` when the reader is gone.
///
/// # Errors
/// When standard output cannot be written to, such as a file on a full disk.
pub fn out(text: &str) -> io::Result<bool> {
    write(&redact::visible(&redact::own(text)))
}

/// Writes a line to standard output, in the colour of its tone where there are colours; `false`
/// when the reader is gone.
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

/// Writes a report to standard output, with the verdict at the beginning of a line in its colour
/// where there are colours; `false` when nobody reads it any more.
///
/// # Errors
/// As [`out`].
pub fn report(text: &str) -> io::Result<bool> {
    if !has_colours() {
        return out(&format!("{text}\n"));
    }
    let text = redact::own(text);
    let text = redact::visible(&text);
    let lines: String = text.lines().map(|line| coloured(line) + "\n").collect();
    write(&lines)
}

/// A line with its verdict in colour, if it begins with one.
fn coloured(line: &str) -> String {
    let words = line.trim_start();
    let indent = &line[..line.len() - words.len()];
    let end = words.find([':', ' ']).unwrap_or(words.len());
    let (first, rest) = words.split_at(end);
    let colour = match first.to_ascii_lowercase().as_str() {
        "violated" => 31,
        "holds" => 32,
        "inconclusive" => 33,
        _ => return line.to_owned(),
    };
    format!("{indent}\x1b[1;{colour}m{first}\x1b[0m{rest}")
}

/// Whether anything was written to standard output, so that no second document may follow.
pub fn has_written() -> bool {
    WRITTEN.load(Ordering::Relaxed)
}

fn write(text: &str) -> io::Result<bool> {
    WRITTEN.store(true, Ordering::Relaxed);
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if is_closed(&error) => Ok(false),
        other => other.map(|()| true),
    }
}

/// Whether standard output shows colours, and is wanted to: `--color`, NO_COLOR, CLICOLOR,
/// CLICOLOR_FORCE and TERM say.
fn has_colours() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
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

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn a_verdict_that_begins_a_line_is_coloured_and_nothing_else_is() {
        assert_eq!(coloured("HOLDS: a"), "\x1b[1;32mHOLDS\x1b[0m: a");
        assert_eq!(
            coloured("  violated     recovers: b"),
            "  \x1b[1;31mviolated\x1b[0m     recovers: b"
        );
        assert_eq!(coloured("the plan holds"), "the plan holds");
        assert_eq!(coloured("   "), "   ");
    }
}
