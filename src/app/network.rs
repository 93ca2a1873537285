//! The demo's network interface, implemented over TCP and in memory.

use std::future::Future;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::Log;

/// A bidirectional byte stream.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Any bidirectional byte stream.
pub type Stream = Box<dyn ByteStream>;

/// Connects to one peer.
#[async_trait]
pub trait Network: Send + Sync {
    /// Opens a new stream to the peer. The caller limits the time.
    ///
    /// # Errors
    /// When the peer is unreachable or does not listen.
    async fn connect(&self) -> io::Result<Stream>;
}

/// Accepts connections.
#[async_trait]
pub trait Listener: Send {
    /// The next peer's stream. Cancelling the call loses no peer.
    ///
    /// # Errors
    /// When this connection failed. The next one may work.
    async fn accept(&mut self) -> io::Result<Stream>;
}

/// The pause after a failed accept. The usual cause is a lack of file descriptors, and an immediate
/// retry would fail too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves all peers concurrently. Never returns; all connections break when the future is dropped.
///
/// It is one single future, so that a simulator can freeze a service by not polling it.
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
