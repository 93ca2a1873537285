//! One open channel to the backend, shared by any number of calls.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Stream;
use super::protocol::{FromBackend, ToBackend, Wire};

/// What the backend answered to a piece of work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The work's token, as it came back.
    pub token: Value,
    /// What came of it.
    pub result: String,
}

/// The channel is gone, and with it every call in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The callers' end of a channel. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    calls: mpsc::UnboundedSender<Call>,
    closing: CancellationToken,
}

/// The end of a channel that does the reading and writing. When it is dropped, every call in flight fails.
pub(super) struct Pump {
    wire: Wire,
    calls: mpsc::UnboundedReceiver<Call>,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    closing: CancellationToken,
}

#[derive(Debug)]
struct Call {
    token: Value,
    answer: oneshot::Sender<Answer>,
}

/// Greets the backend over a new stream.
///
/// # Errors
/// When the stream breaks or the backend does not welcome us.
pub(super) async fn open(stream: Stream) -> io::Result<(Channel, Pump)> {
    let mut wire = Wire::new(stream);
    wire.send(&ToBackend::Hello).await?;
    match wire.receive().await? {
        Some(FromBackend::Welcome) => {}
        Some(FromBackend::Booting) => return Err(io::Error::other("it is booting")),
        Some(_) => return Err(io::Error::other("it does not say welcome")),
        None => return Err(io::Error::other("it hung up")),
    }
    let (sender, receiver) = mpsc::unbounded_channel();
    let channel = Channel {
        calls: sender,
        closing: CancellationToken::new(),
    };
    let pump = Pump {
        wire,
        calls: receiver,
        waiting: BTreeMap::new(),
        closing: channel.closing.clone(),
    };
    Ok((channel, pump))
}

impl Channel {
    /// Has a piece of work done.
    pub async fn work(&self, token: Value) -> Result<Answer, Broken> {
        let (answer, answered) = oneshot::channel();
        self.calls
            .send(Call { token, answer })
            .map_err(|_| Broken)?;
        answered.await.map_err(|_| Broken)
    }

    /// Resets this channel, even while its pump waits for a peer that does not read. A newer channel is not touched.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

impl Pump {
    /// Carries calls and answers until the channel ends, and says why it did.
    pub async fn run(mut self) -> String {
        let closing = self.closing.clone();
        tokio::select! {
            biased;
            () = closing.cancelled() => "reset, for a call was not answered in time".to_owned(),
            end = self.carry() => match end {
                Ok(()) => "the backend hung up".to_owned(),
                Err(error) => error.to_string(),
            }
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
                        if let Some(caller) = self.waiting.remove(&call) {
                            // A caller that has given up does not miss its answer.
                            let _ = caller.send(Answer { token, result });
                        }
                    }
                    Some(_) => return Err(io::Error::other("an answer out of turn")),
                },
                Some(Call { token, answer }) = self.calls.recv() => {
                    calls += 1;
                    self.waiting.insert(calls, answer);
                    self.wire.send(&ToBackend::Work { call: calls, token }).await?;
                }
            }
        }
    }
}
