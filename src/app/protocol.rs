//! What API and backend say to each other: a line of JSON per message.

use std::io;

use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::Stream;

/// The longest line that is taken, in bytes. No token of a body that the API takes makes a longer
/// one.
const MAX_LINE: usize = 1 << 20;

/// What a backend is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum ToBackend {
    /// Opens a channel.
    Hello {
        /// The session to go on with; without one, a new one begins.
        session: Option<Resume>,
    },
    /// A piece of work.
    Work {
        /// What tells this call from the channel's others.
        call: u64,
        /// What tells this piece of work from all others; it comes back with the result.
        token: Value,
    },
    /// The direct probe: whether it is ready to serve.
    Health,
}

/// A session that shall go on over a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resume {
    /// Its number.
    pub number: u64,
    /// For how long it has had no connection.
    pub away_ms: u64,
}

/// What a backend says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum FromBackend {
    /// The channel is open.
    Welcome {
        /// The session's number.
        session: u64,
    },
    /// The session was away for too long; it is over. It will hang up now.
    Expired,
    /// The client has behaved badly, and is not served any more. It will hang up now.
    Blocked,
    /// A piece of work is done.
    Done {
        /// The call.
        call: u64,
        /// The work's token.
        token: Value,
        /// What came of it.
        result: String,
    },
    /// It is ready to serve.
    Ready,
    /// It has not finished starting, and will hang up now.
    Booting,
}

/// A stream of messages in both directions.
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

    /// The next message; none when the peer has hung up. A call that is given up loses no message.
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
