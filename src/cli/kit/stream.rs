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

use super::plain_page;
use crate::redact;
use crate::report::Tone;

/// A line that is indented as far continues a column, and is wrapped within it.
const COLUMN: usize = 8;

/// Longer lines of prose are hard to read.
const WIDEST_PAGE: usize = 100;

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

/// How many columns the terminal of standard error has, if it is one.
pub fn error_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map(|(width, _)| usize::from(width.0))
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

/// Writes a report to standard output; `false` when nobody reads it any more. On a terminal, lines
/// are wrapped; where there are colours, a verdict at the beginning of a line has its own.
///
/// # Errors
/// As [`out`].
pub fn report(text: &str) -> io::Result<bool> {
    let text = redact::own(text);
    let text = redact::visible(&text);
    let colour = match has_colours() {
        true => coloured,
        false => str::to_owned,
    };
    let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let lines = text.lines().map(|line| match width {
        Some(width) => wrapped(line, usize::from(width)),
        None => line.to_owned(),
    });
    let lines: String = lines.map(|line| colour(&line) + "\n").collect();
    write(&lines)
}

/// Writes a page of the guide, which is Markdown. On a terminal it is shown plainly, and elsewhere
/// as it is; `false` when nobody reads it any more.
///
/// # Errors
/// As [`out`].
pub fn page(markdown: &str, topics: &[&str]) -> io::Result<bool> {
    let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) else {
        return out(markdown);
    };
    let markdown = redact::own(markdown);
    let markdown = redact::visible(&markdown);
    let width = usize::from(width.0).min(WIDEST_PAGE);
    write(&plain_page::rendered(
        &markdown,
        topics,
        width,
        has_colours(),
    ))
}

/// A line broken at words so that it fits, with the rest below the text that a heading introduces.
/// Commands stay whole: they are copied.
fn wrapped(line: &str, width: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let heading = line[indent..].find("  ").map_or(0, |end| {
        let rest = &line[indent + end..];
        end + rest.len() - rest.trim_start().len()
    });
    let is_command = line[indent + heading..].starts_with("comeback ");
    let hanging = match indent + heading {
        own if (heading > 0 || indent >= COLUMN) && own * 2 <= width => own,
        _ => (indent + 2).min(width / 2),
    };
    if is_command || line.chars().count() <= width {
        return line.to_owned();
    }
    let mut text = line[..indent + heading].to_owned();
    let mut column = text.chars().count();
    let mut is_first = true;
    for word in line[indent + heading..].split(' ') {
        let length = word.chars().count();
        if !is_first && column + 1 + length > width {
            text = text.trim_end().to_owned() + "\n" + &" ".repeat(hanging);
            column = hanging;
        } else if !is_first {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
        is_first = false;
    }
    text
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
    use super::{coloured, wrapped};

    #[test]
    fn a_long_line_is_wrapped_below_its_text_and_a_command_is_not() {
        assert_eq!(
            wrapped("  needs      a kill of `db` and a pause", 30),
            "  needs      a kill of `db`\n             and a pause"
        );
        assert_eq!(
            wrapped("  recovers: it never came back", 20),
            "  recovers: it never\n    came back"
        );
        assert_eq!(wrapped("HOLDS: all of it", 12), "HOLDS: all\n  of it");
        let command = "  replay     comeback replay traces/a-very-long-name.jsonl";
        assert_eq!(wrapped(command, 30), command);
        assert_eq!(wrapped("", 10), "");
        assert_eq!(
            wrapped("in averylongwordthatfitsnowhere", 10),
            "in\n  averylongwordthatfitsnowhere"
        );
    }

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
