//! Follows a container's log across restarts. Each line is read once.

use std::pin::Pin;
use std::time::SystemTime;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::{Stream, StreamExt};

use super::stamp;
use crate::stack::log_lines;

/// A log line, and the engine's timestamp (RFC 3339) if there is one.
pub(super) struct StampedLine {
    pub text: String,
    pub at: Option<String>,
}

/// Reads a log from a moment on.
pub(super) struct ContainerLog {
    docker: Docker,
    id: String,
    began: SystemTime,
    reading: Reading,
    /// Whether the container has started since the log was last opened.
    started: bool,
    position: Position,
    unfinished: [Unfinished; 2],
}

type Messages = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

enum Reading {
    /// Waiting for new lines.
    Following(Messages),
    /// The container has ended: reading again, because following may have missed the last lines.
    CatchingUp(Messages),
    /// Everything was read. There will be more after a start.
    Done,
}

/// How far the log was read. The engine can resume a log only at a whole second, so the messages
/// since the latest whole second are counted, and skipped after resuming.
#[derive(Debug, Default, Clone, Copy)]
struct Position {
    second: u64,
    seen: usize,
    latest: Option<SystemTime>,
    to_skip: usize,
}

/// The beginning of a line: the engine delivers long lines in parts. (With a terminal, stdout and
/// stderr are one stream, and the timestamps of later parts remain in the text.)
#[derive(Default)]
struct Unfinished {
    line: log_lines::PartialLine,
    at: Option<String>,
}

impl ContainerLog {
    /// Follows a container's log from a moment of the engine's clock on.
    pub fn follow(docker: Docker, id: String, began: SystemTime) -> Self {
        let position = Position {
            second: stamp::whole_seconds(began),
            ..Position::default()
        };
        let reading = Reading::Following(open(&docker, &id, position, true));
        ContainerLog {
            docker,
            id,
            began,
            reading,
            started: false,
            position,
            unfinished: Default::default(),
        }
    }

    /// Continues after a start of the container. The engine closes a followed log when the
    /// container ends.
    pub fn resume(&mut self) {
        match self.reading {
            Reading::Done => self.reopen(true),
            Reading::Following(_) | Reading::CatchingUp(_) => self.started = true,
        }
    }

    /// Waits for the next line, also while the container is down. Dropping the future loses no
    /// line.
    pub async fn next(&mut self) -> Result<StampedLine, Error> {
        loop {
            let message = match &mut self.reading {
                Reading::Following(messages) | Reading::CatchingUp(messages) => {
                    messages.next().await
                }
                Reading::Done => std::future::pending().await,
            };
            match message {
                Some(message) => {
                    if let Some(line) = self.take(message?) {
                        return Ok(line);
                    }
                }
                None if self.started => self.reopen(true),
                None if matches!(self.reading, Reading::Following(_)) => self.reopen(false),
                None => self.reading = Reading::Done,
            }
        }
    }

    fn reopen(&mut self, follow: bool) {
        self.started = false;
        self.position.to_skip = self.position.seen;
        let messages = open(&self.docker, &self.id, self.position, follow);
        self.reading = match follow {
            true => Reading::Following(messages),
            false => Reading::CatchingUp(messages),
        };
    }

    /// Processes a message, and returns a line if one is complete and new.
    fn take(&mut self, message: LogOutput) -> Option<StampedLine> {
        let source = usize::from(matches!(message, LogOutput::StdErr { .. }));
        let bytes = message.into_bytes();
        let (at, text) = split_stamp(&bytes);
        let time = at.and_then(stamp::parse);
        if time.is_some_and(|time| !self.position.is_new(time) || time < self.began) {
            return None;
        }
        self.unfinished[source].push(at, text)
    }
}

impl Position {
    /// Counts a message. Returns `false` if it was read before.
    fn is_new(&mut self, time: SystemTime) -> bool {
        // A message later than all before is new, even if a log rotation removed some of those.
        if self.to_skip > 0 && self.latest.is_some_and(|latest| time <= latest) {
            self.to_skip -= 1;
            return false;
        }
        self.to_skip = 0;
        self.latest = self.latest.max(Some(time));
        let second = stamp::whole_seconds(time);
        if second > self.second {
            self.second = second;
            self.seen = 0;
        }
        if second == self.second {
            self.seen += 1;
        }
        true
    }
}

impl Unfinished {
    fn push(&mut self, at: Option<&str>, text: &[u8]) -> Option<StampedLine> {
        if self.line.is_empty() {
            self.at = at.map(str::to_owned);
        }
        self.line.push(text);
        if !text.ends_with(b"\n") {
            return None;
        }
        let text = self.line.finish()?;
        let at = self.at.take();
        Some(StampedLine { text, at })
    }
}

fn open(docker: &Docker, id: &str, position: Position, follow: bool) -> Messages {
    let options = LogsOptionsBuilder::default()
        .follow(follow)
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        // The client library cannot express times after 2038. Then the whole log is read and
        // filtered.
        .since(i32::try_from(position.second).unwrap_or_default())
        .build();
    Box::pin(docker.logs(id, Some(options)))
}

/// Splits the engine's timestamp from a message. Only the engine's own remarks have none.
fn split_stamp(bytes: &[u8]) -> (Option<&str>, &[u8]) {
    let Some(space) = bytes.iter().position(|byte| *byte == b' ') else {
        return (None, bytes);
    };
    match std::str::from_utf8(&bytes[..space]) {
        Ok(at) if stamp::parse(at).is_some() => (Some(at), &bytes[space + 1..]),
        _ => (None, bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_in_parts_is_put_together() {
        let mut unfinished = Unfinished::default();
        assert!(unfinished.push(Some("first"), b"one, ").is_none());
        let line = unfinished.push(Some("second"), b"two\r\n").expect("a line");
        assert_eq!(
            (line.text.as_str(), line.at.as_deref()),
            ("one, two", Some("first"))
        );
        let line = unfinished
            .push(Some("third"), b"\n")
            .expect("an empty line");
        assert_eq!(
            (line.text.as_str(), line.at.as_deref()),
            ("", Some("third"))
        );
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut unfinished = Unfinished::default();
        for _ in 0..100 {
            assert!(unfinished.push(None, &[b'x'; 4096]).is_none());
        }
        let line = unfinished.push(None, b"x\n").expect("a line");
        assert_eq!(
            line.text.len(),
            log_lines::MAX_LINE_BYTES + log_lines::CUT.len()
        );
    }

    #[test]
    fn a_message_without_a_time_is_kept_whole() {
        assert_eq!(
            split_stamp(b"Error grabbing logs\n"),
            (None, &b"Error grabbing logs\n"[..])
        );
        let (at, text) = split_stamp(b"2026-01-02T03:04:05.000000001Z a b\n");
        assert_eq!(
            (at, text),
            (Some("2026-01-02T03:04:05.000000001Z"), &b"a b\n"[..])
        );
    }

    proptest! {
        /// However often and wherever a log is cut off and reopened, each message is new once.
        #[test]
        fn a_log_read_in_pieces_is_read_once(
            gaps_ms in prop::collection::vec(0u64..700, 1..60),
            mut cuts in prop::collection::vec(0usize..60, 0..8),
        ) {
            let mut now_ms = 1_000_000;
            let times: Vec<SystemTime> = gaps_ms.iter().map(|gap| {
                now_ms += gap;
                SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms)
            }).collect();
            cuts.sort_unstable();
            let mut position = Position { second: 1000, ..Position::default() };
            let mut read = vec![0; times.len()];
            for upto in cuts.into_iter().chain([times.len()]) {
                position.to_skip = position.seen;
                let since = position.second;
                for (i, time) in times.iter().enumerate().take(upto) {
                    if stamp::whole_seconds(*time) >= since && position.is_new(*time) {
                        read[i] += 1;
                    }
                }
            }
            prop_assert!(read.iter().all(|times_read| *times_read == 1), "{read:?}");
        }
    }
}
