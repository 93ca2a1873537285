//! One direction of a connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::delay_line::{CHUNK, DelayLine};
use super::exact_timer::ExactTimer;
use super::link_order::Rule;

/// The buffer of a direction that has little to carry, and of one that has much, in bytes.
const SMALL: usize = CHUNK;
const LARGE: usize = 256 << 10;

/// Carries bytes from one side to the other. What it has read and not yet written is at most one
/// buffer, or what is on its way under [`Rule::Slow`]: all else waits at the sender, so a slow
/// receiver slows its sender down, as without a link.
#[derive(Debug)]
pub(super) struct Flow {
    rule: Rule,
    buffer: Vec<u8>,
    /// The part of the buffer that is yet to be written.
    start: usize,
    end: usize,
    line: DelayLine,
    timer: ExactTimer,
    /// When the next byte may go, under [`Rule::Trickle`].
    next_byte: Option<Instant>,
    has_ended: bool,
    is_shut: bool,
    bytes: u64,
}

/// Why a direction broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Its sender is gone.
    Sender,
    /// Its receiver is gone.
    Receiver,
    /// It carried as much as it may.
    Truncated,
}

impl Flow {
    pub(super) fn new(rule: Rule) -> Self {
        Flow {
            rule,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            line: DelayLine::default(),
            timer: ExactTimer::default(),
            next_byte: None,
            has_ended: false,
            is_shut: false,
            bytes: 0,
        }
    }

    /// Forwards by another rule from now on. What was delayed arrives at once.
    pub(super) fn obey(&mut self, rule: Rule) {
        self.rule = rule;
        self.next_byte = None;
        if !matches!(rule, Rule::Slow { .. }) {
            self.line.hurry();
        }
    }

    /// Bytes that have arrived.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the sender has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Forwards all that can be; ready when the end has been forwarded.
    pub(super) fn poll<S, R>(
        &mut self,
        context: &mut Context<'_>,
        sender: &mut S,
        receiver: &mut R,
    ) -> Poll<Result<(), Break>>
    where
        S: AsyncRead + Unpin,
        R: AsyncWrite + Unpin,
    {
        loop {
            if self.is_shut {
                return Poll::Ready(Ok(()));
            }
            if self.rule == Rule::Silent {
                return Poll::Pending;
            }
            let is_written = match self.poll_write(context, receiver) {
                Poll::Ready(written) => {
                    written?;
                    true
                }
                Poll::Pending => false,
            };
            if is_written && let Some(chunk) = self.line.pop() {
                (self.start, self.end) = (0, chunk.len());
                self.room(chunk.len())[..chunk.len()].copy_from_slice(&chunk);
                continue;
            }
            if is_written && self.has_ended && self.line.is_empty() {
                // A receiver that is gone already needs no end.
                let _ = ready!(Pin::new(&mut *receiver).poll_shutdown(context));
                self.is_shut = true;
                continue;
            }
            let (can_read, is_line) = match self.rule {
                Rule::Slow { rate, .. } => (self.line.room(rate), true),
                _ if is_written && self.line.is_empty() => (LARGE, false),
                _ => (0, false),
            };
            if !self.has_ended && can_read > 0 {
                let read = match is_line {
                    true => self.read_delayed(context, sender, can_read),
                    false => self.read(context, sender),
                };
                if let Poll::Ready(read) = read {
                    read?;
                    continue;
                }
            }
            let wants_room = is_line && !self.has_ended && can_read == 0;
            match self.line.next_at(wants_room) {
                // Writing is what has to go on first.
                Some(_) if !is_written && !wants_room => return Poll::Pending,
                Some(at) => ready!(self.timer.poll(context, at)),
                None => return Poll::Pending,
            }
            if !is_written {
                return Poll::Pending;
            }
        }
    }

    /// Writes what is in the buffer.
    fn poll_write<R>(
        &mut self,
        context: &mut Context<'_>,
        receiver: &mut R,
    ) -> Poll<Result<(), Break>>
    where
        R: AsyncWrite + Unpin,
    {
        while self.start < self.end {
            let mut end = self.end;
            match &mut self.rule {
                Rule::Trickle { .. } => {
                    if let Some(at) = self.next_byte {
                        ready!(self.timer.poll(context, at));
                    }
                    end = self.start + 1;
                }
                Rule::Truncate { after_bytes: 0 } => return Poll::Ready(Err(Break::Truncated)),
                Rule::Truncate { after_bytes } => {
                    let most = usize::try_from(*after_bytes).unwrap_or(usize::MAX);
                    end = end.min(self.start.saturating_add(most));
                }
                _ => {}
            }
            let bytes = &self.buffer[self.start..end];
            let written = match ready!(Pin::new(&mut *receiver).poll_write(context, bytes)) {
                Ok(written) if written > 0 => written,
                _ => return Poll::Ready(Err(Break::Receiver)),
            };
            self.start += written;
            self.bytes += written as u64;
            match &mut self.rule {
                Rule::Trickle { gap } => self.next_byte = Some(Instant::now() + *gap),
                Rule::Truncate { after_bytes } => *after_bytes -= written as u64,
                _ => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads into the buffer, which is empty.
    fn read<S>(&mut self, context: &mut Context<'_>, sender: &mut S) -> Poll<Result<(), Break>>
    where
        S: AsyncRead + Unpin,
    {
        // A buffer that was filled is too small for what comes.
        let want = match self.end {
            full if full > 0 && full == self.buffer.len() => LARGE,
            _ => SMALL,
        };
        let mut buffer = ReadBuf::new(self.room(want));
        let read = ready!(Pin::new(sender).poll_read(context, &mut buffer));
        let count = buffer.filled().len();
        (self.start, self.end) = (0, count);
        self.has_ended = count == 0;
        Poll::Ready(read.map_err(|_| Break::Sender))
    }

    /// Reads at most so many bytes onto the delay line.
    fn read_delayed<S>(
        &mut self,
        context: &mut Context<'_>,
        sender: &mut S,
        most: usize,
    ) -> Poll<Result<(), Break>>
    where
        S: AsyncRead + Unpin,
    {
        let Rule::Slow { latency, rate } = self.rule else {
            return Poll::Pending;
        };
        let mut chunk = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut chunk[..most.min(CHUNK)]);
        let read = ready!(Pin::new(sender).poll_read(context, &mut buffer));
        self.line.push(buffer.filled(), latency, rate);
        self.has_ended = buffer.filled().is_empty();
        Poll::Ready(read.map_err(|_| Break::Sender))
    }

    /// The buffer, of at least this length.
    fn room(&mut self, least: usize) -> &mut [u8] {
        if self.buffer.len() < least {
            self.buffer.resize(least, 0);
        }
        &mut self.buffer
    }
}
