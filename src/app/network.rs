//! What the demo needs of a network, so that it can be a real one or one in memory.

use std::future::Future;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::Log;

/// A stream of bytes in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Any stream of bytes in both directions.
pub type Stream = Box<dyn ByteStream>;

/// The way to one peer.
#[async_trait]
pub trait Network: Send + Sync {
    /// Opens a new stream to the peer. The caller bounds the time.
    ///
    /// # Errors
    /// When there is no way, or nobody listens.
    async fn connect(&self) -> io::Result<Stream>;
}

/// A place where peers arrive.
#[async_trait]
pub trait Listener: Send {
    /// The next peer's stream. A call that is given up loses no peer.
    ///
    /// # Errors
    /// When this one could not be let in; the next one may be.
    async fn accept(&mut self) -> io::Result<Stream>;
}

/// How long to wait after a peer could not be let in: most often descriptors are short, and asking
/// again at once is no help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves every peer, all at once. Never returns; when it is dropped, every connection breaks.
///
/// The whole of it is one future, so that whoever runs it decides whether anything of it happens: a
/// simulator freezes a service by not polling it.
pub(super) async fn serve_each<F>(
    listener: &mut dyn Listener,
    log: &Log,
    serve: impl Fn(Stream) -> F,
) where
    F: Future<Output = ()>,
{
    let arrivals = stream::unfold(listener, |listener| async {
        loop {
            match listener.accept().await {
                Ok(stream) => return Some((stream, listener)),
                Err(error) => {
                    log.line(format_args!("cannot accept a connection: {error}"));
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    arrivals.for_each_concurrent(None, serve).await;
}
