//! One open channel to the backend, shared by any number of calls.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Stream;
use super::protocol::{FromBackend, Resume, ToBackend, Wire};

/// The backend's response to a piece of work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BackendAnswer {
    /// The work's token, as the backend returned it.
    pub token: Value,
    /// The result.
    pub result: String,
}

/// The channel is lost, and with it every call in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The callers' end of a channel. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    calls: mpsc::UnboundedSender<Call>,
    closing: CancellationToken,
}

/// The end of a channel that reads and writes. When it is dropped, every call in flight fails.
pub(super) struct Pump {
    wire: Wire,
    calls: mpsc::UnboundedReceiver<Call>,
    waiting: PendingCalls,
    closing: CancellationToken,
}

/// The callers that wait for a response, by call number. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingCalls {
    callers: Arc<Mutex<BTreeMap<u64, oneshot::Sender<BackendAnswer>>>>,
    /// Whether a response goes to the caller that has waited longest, whatever its number.
    in_line: bool,
}

/// How a channel ended.
pub(super) struct ChannelEnd {
    /// Why, in words.
    pub why: String,
    /// Whether we reset it ourselves.
    pub reset: bool,
    /// The connection, which is closed when this is dropped.
    pub wire: Wire,
}

/// Why the backend does not welcome us.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwelcome {
    /// The stream broke.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// It hung up, or sent an unexpected message.
    #[error("it does not say welcome")]
    Silent,
    /// It is still booting.
    #[error("it is booting")]
    Booting,
    /// It no longer knows our session.
    #[error("the session has expired")]
    Expired,
    /// It refuses us because of overload.
    #[error("it has blocked us")]
    Blocked,
}

#[derive(Debug)]
struct Call {
    token: Value,
    answer: oneshot::Sender<BackendAnswer>,
}

/// Greets the backend over a new stream. Returns the two ends of the channel and the session's
/// number.
///
/// # Errors
/// When the stream breaks or the backend does not welcome us.
pub(super) async fn open(
    stream: Stream,
    session: Option<Resume>,
    waiting: PendingCalls,
) -> Result<(Channel, Pump, u64), Unwelcome> {
    let mut wire = Wire::new(stream);
    wire.send(&ToBackend::Hello { session }).await?;
    let session = match wire.receive().await? {
        Some(FromBackend::Welcome { session }) => session,
        Some(FromBackend::Booting) => return Err(Unwelcome::Booting),
        Some(FromBackend::Expired) => return Err(Unwelcome::Expired),
        Some(FromBackend::Blocked) => return Err(Unwelcome::Blocked),
        Some(_) | None => return Err(Unwelcome::Silent),
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let channel = Channel {
        calls: sender,
        closing: CancellationToken::new(),
    };
    let pump = Pump {
        wire,
        calls: receiver,
        waiting,
        closing: channel.closing.clone(),
    };
    Ok((channel, pump, session))
}

impl Channel {
    /// Lets the backend do a piece of work.
    pub async fn work(&self, token: Value) -> Result<BackendAnswer, Broken> {
        let (answer, answered) = oneshot::channel();
        self.calls
            .send(Call { token, answer })
            .map_err(|_| Broken)?;
        answered.await.map_err(|_| Broken)
    }

    /// Lets the backend do a piece of work, and ignores the response.
    pub fn repeat(&self, token: Value) {
        let (answer, _) = oneshot::channel();
        // If the channel is lost, the retry is lost with it.
        let _ = self.calls.send(Call { token, answer });
    }

    /// Resets this channel, even while its pump waits for a peer that does not read. A newer
    /// channel is not affected.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

impl Pump {
    /// Carries calls and responses until the channel ends. Returns how it ended.
    pub async fn run(mut self) -> ChannelEnd {
        let closing = self.closing.clone();
        let why = tokio::select! {
            biased;
            () = closing.cancelled() => "reset after a call timed out".to_owned(),
            end = self.carry() => match end {
                Ok(()) => "the backend hung up".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        ChannelEnd {
            why,
            reset: closing.is_cancelled(),
            wire: self.wire,
        }
    }

    async fn carry(&mut self) -> io::Result<()> {
        let mut calls = 0;
        loop {
            tokio::select! {
                biased;
                message = self.wire.receive() => match message? {
                    None => return Ok(()),
                    Some(FromBackend::Done { call, token, result }) => {
                        if let Some(caller) = self.waiting.answered(call) {
                            // The caller may have given up.
                            let _ = caller.send(BackendAnswer { token, result });
                        }
                    }
                    Some(_) => return Err(io::Error::other("unexpected message")),
                },
                Some(Call { token, answer }) = self.calls.recv() => {
                    calls += 1;
                    self.waiting.add(calls, answer);
                    self.wire.send(&ToBackend::Work { call: calls, token }).await?;
                }
            }
        }
    }
}

impl PendingCalls {
    /// A table that ignores numbers: a response goes to the caller that has waited longest.
    pub fn in_line() -> Self {
        PendingCalls {
            in_line: true,
            ..PendingCalls::default()
        }
    }

    /// The same table for the next connection: callers that still wait get the numbers of its first
    /// calls.
    pub fn carried_over(&self) -> PendingCalls {
        let mut waiting = self.callers();
        let still_waiting = std::mem::take(&mut *waiting).into_values();
        let still_waiting = still_waiting.filter(|answer| !answer.is_closed());
        waiting.extend((1..).zip(still_waiting));
        self.clone()
    }

    /// Adds a caller. Each connection numbers its calls from 1.
    fn add(&self, call: u64, answer: oneshot::Sender<BackendAnswer>) {
        let mut waiting = self.callers();
        waiting.entry(call).or_insert(answer);
    }

    fn answered(&self, call: u64) -> Option<oneshot::Sender<BackendAnswer>> {
        let mut waiting = self.callers();
        if self.in_line {
            waiting.retain(|_, caller| !caller.is_closed());
            return waiting.pop_first().map(|(_, caller)| caller);
        }
        waiting.remove(&call)
    }

    fn callers(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<BackendAnswer>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
