//! Splits a service's output into lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// How much of a line is kept, in bytes.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;

/// Ends a line that was cut.
pub(super) const CUT: &str = "… (cut)";

/// The next line, without its line break; `None` at the end of the output. The part of a line
/// beyond [`MAX_LINE_BYTES`] is read and discarded.
pub(super) async fn next(output: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = PartialLine::default();
    loop {
        let buffer = output.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(line.finish());
        }
        let (text, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&buffer[..=end], true),
            None => (buffer, false),
        };
        line.push(text);
        let read = text.len();
        output.consume(read);
        if is_end {
            return Ok(line.finish());
        }
    }
}

/// A line that arrives in parts.
#[derive(Debug, Default)]
pub(super) struct PartialLine {
    bytes: Vec<u8>,
    is_cut: bool,
    has_begun: bool,
}

impl PartialLine {
    /// Whether nothing has arrived yet.
    pub fn is_empty(&self) -> bool {
        !self.has_begun
    }

    /// Appends the next part.
    pub fn push(&mut self, part: &[u8]) {
        self.has_begun |= !part.is_empty();
        let text = part.strip_suffix(b"\n").unwrap_or(part);
        let room = MAX_LINE_BYTES - self.bytes.len();
        self.is_cut |= text.len() > room;
        self.bytes.extend_from_slice(&text[..text.len().min(room)]);
    }

    /// Returns the line and starts the next one; `None` if nothing has arrived.
    pub fn finish(&mut self) -> Option<String> {
        let PartialLine {
            bytes,
            is_cut,
            has_begun,
        } = std::mem::take(self);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches('\r');
        has_begun.then(|| match is_cut {
            true => format!("{text}{CUT}"),
            false => text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    async fn lines(output: &[u8]) -> Vec<String> {
        let mut output = BufReader::with_capacity(1_000, output);
        let mut lines = Vec::new();
        while let Some(line) = next(&mut output).await.unwrap() {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_told_apart_and_none_is_lost() {
        assert_eq!(lines(b"one\r\n\ntwo\nthr").await, ["one", "", "two", "thr"]);
        assert_eq!(lines(b"\xffx\n").await, ["\u{fffd}x"]);
        assert!(lines(b"").await.is_empty());
    }

    #[tokio::test]
    async fn an_endless_line_is_one_line_that_says_that_it_was_cut() {
        let mut output = vec![b'x'; 3 * MAX_LINE_BYTES];
        output.extend_from_slice(b"\nnext\n");
        let lines = lines(&output).await;
        let [long, next] = &lines[..] else {
            panic!("{} lines", lines.len());
        };
        assert_eq!(long.len(), MAX_LINE_BYTES + CUT.len());
        assert!(long.ends_with(CUT));
        assert_eq!(next, "next");
        let just = "y".repeat(MAX_LINE_BYTES);
        assert_eq!(super::tests::lines(just.as_bytes()).await, [just]);
    }
}
