//! What the demo needs of a network, so that it can be a real one or one in memory.

use std::future::Future;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
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

/// How long to wait after a peer could not be let in: most often descriptors are short, and asking again at once is no help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves every peer in a task of its own. Never returns; when it is dropped, so are all of the tasks.
pub(super) async fn serve_each<F>(
    listener: &mut dyn Listener,
    log: &Log,
    serve: impl Fn(Stream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut peers = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // Those who have left are forgotten first, so that the set does not grow.
            Some(_) = peers.join_next() => {}
            peer = listener.accept() => match peer {
                Ok(stream) => {
                    peers.spawn(serve(stream));
                }
                Err(error) => {
                    log.line(format_args!("cannot accept a connection: {error}"));
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
