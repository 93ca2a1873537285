//! The protocol between API and backend: one line of JSON per message.

use std::io;

use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::Stream;

/// The longest line, in bytes. Longer than any that a token from a request body can make.
const MAX_LINE: usize = 1 << 20;

/// A message to the backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum ToBackend {
    /// Opens a channel.
    Hello {
        /// The session to resume; `None` starts a new one.
        session: Option<Resume>,
    },
    /// A piece of work.
    Work {
        /// The call's number on this channel.
        call: u64,
        /// Identifies the piece of work; returned with the result.
        token: Value,
    },
    /// The readiness probe.
    Health,
}

/// A session to resume over a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resume {
    /// The session's number.
    pub number: u64,
    /// How long it has had no connection.
    pub away_ms: u64,
}

/// A message from the backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum FromBackend {
    /// The channel is open.
    Welcome {
        /// The session's number.
        session: u64,
    },
    /// The session was away for too long and is closed. The backend hangs up.
    Expired,
    /// The client has overloaded the backend and is no longer served. The backend hangs up.
    Blocked,
    /// A piece of work is done.
    Done {
        /// The call's number.
        call: u64,
        /// The work's token.
        token: Value,
        /// The result.
        result: String,
    },
    /// The backend is ready to serve.
    Ready,
    /// The backend is still booting. It hangs up.
    Booting,
}

/// A bidirectional stream of messages.
pub(super) struct Wire(Framed<Stream, LinesCodec>);

impl Wire {
    pub fn new(stream: Stream) -> Self {
        Wire(Framed::new(
            stream,
            LinesCodec::new_with_max_length(MAX_LINE),
        ))
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(message)?;
        self.0.send(line).await.map_err(io_error)
    }

    /// The next message; `None` when the peer has hung up. Cancelling the call loses no message.
    pub async fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        match self.0.next().await {
            Some(line) => Ok(Some(serde_json::from_str(&line.map_err(io_error)?)?)),
            None => Ok(None),
        }
    }
}

fn io_error(error: LinesCodecError) -> io::Error {
    match error {
        LinesCodecError::Io(error) => error,
        long @ LinesCodecError::MaxLineLengthExceeded => {
            io::Error::new(io::ErrorKind::InvalidData, long)
        }
    }
}
