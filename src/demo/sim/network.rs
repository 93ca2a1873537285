//! The network in memory: places that listen, accept connections, and can be cut off.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::app::{Listener, Network, Stream};

/// How long a connection takes to be accepted or refused. Data on an open stream takes no time, but
/// a client that connects in a loop must not do so for ever within one moment.
const CONNECT_TAKES: Duration = Duration::from_millis(1);

/// How much one side of a stream may send before the other reads, in bytes: about what the kernel's
/// two buffers hold.
const STREAM_BUFFER: usize = 64 << 10;

/// The place of one service in the network. Clones are the same place.
///
/// If nobody listens, a connection is *refused*. A place that is cut off is a *black hole*: data to
/// or from it and new connections wait without any answer until it is joined again. Then they go on
/// at once, as TCP does after a retransmission.
#[derive(Debug, Clone, Default)]
pub struct Place(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The queue of the listener.
    door: Option<mpsc::UnboundedSender<Stream>>,
    cut: bool,
    /// The tasks that wait for the cut to end, in the order in which they began: the same order in
    /// every run.
    waiting: BTreeMap<u64, Waker>,
    last: u64,
}

/// The listener of a service. When it is dropped, nobody listens any more.
#[derive(Debug)]
pub struct Door(mpsc::UnboundedReceiver<Stream>);

/// One end of a stream to or from a place.
struct End {
    stream: DuplexStream,
    reading: Passage,
    writing: Passage,
}

/// A stream or connection that waits while a place is cut off.
struct Passage {
    place: Place,
    id: u64,
}

impl Place {
    /// Begins to listen here; an earlier listener gets no more connections.
    pub fn listen(&self) -> Door {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().door = Some(sender);
        Door(receiver)
    }

    /// Cuts this place off, or joins it again.
    pub fn cut(&self, cut: bool) {
        let mut state = self.state();
        state.cut = cut;
        if !cut {
            for (_, waker) in std::mem::take(&mut state.waiting) {
                waker.wake();
            }
        }
    }

    /// Opens a stream to this place.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn dial(&self) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>> {
        sleep(CONNECT_TAKES).await;
        let passage = self.passage();
        poll_fn(|context| passage.poll(context)).await;
        let (near, far) = tokio::io::duplex(STREAM_BUFFER);
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let door = self.state().door.clone().ok_or_else(refused)?;
        let far = Box::new(self.end(far));
        door.send(far).map_err(|_| refused())?;
        Ok(self.end(near))
    }

    fn end(&self, stream: DuplexStream) -> End {
        End {
            stream,
            reading: self.passage(),
            writing: self.passage(),
        }
    }

    fn passage(&self) -> Passage {
        let mut state = self.state();
        state.last += 1;
        Passage {
            place: self.clone(),
            id: state.last,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change of the state can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage {
    /// Ready while the place is not cut off.
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.place.state();
        if !state.cut {
            return Poll::Ready(());
        }
        state.waiting.insert(self.id, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.place.state().waiting.remove(&self.id);
    }
}

#[async_trait]
impl Network for Place {
    async fn connect(&self) -> io::Result<Stream> {
        Ok(Box::new(self.dial().await?))
    }
}

#[async_trait]
impl Listener for Door {
    async fn accept(&mut self) -> io::Result<Stream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            // Another listener has replaced this one.
            None => std::future::pending().await,
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.reading.poll(context));
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            // The end of the other side shows only when the cut is over.
            Poll::Ready(Err(error)) => {
                ready!(self.writing.poll(context));
                Poll::Ready(Err(error))
            }
            // What is written waits in the buffer for as long as the other side cannot read.
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_place_where_nobody_listens_refuses_and_takes_its_time_over_it() {
        let place = Place::default();
        let began = Instant::now();
        let refused = |result: io::Result<Stream>| {
            result.err().map(|error| error.kind()) == Some(io::ErrorKind::ConnectionRefused)
        };
        assert!(refused(place.connect().await));
        assert_eq!(began.elapsed(), CONNECT_TAKES);
        let door = place.listen();
        assert!(place.connect().await.is_ok());
        drop(door);
        assert!(refused(place.connect().await));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_is_silent_and_what_was_under_way_goes_on_after_it() {
        let place = Place::default();
        let mut door = place.listen();
        let mut near = place.connect().await.unwrap();
        let mut far = door.accept().await.unwrap();
        near.write_all(b"a").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'a');

        place.cut(true);
        near.write_all(b"b").await.unwrap();
        assert!(timeout(LONG, far.read_u8()).await.is_err());
        assert!(timeout(LONG, place.connect()).await.is_err());
        let began = Instant::now();
        let join = async {
            sleep(LONG).await;
            place.cut(false);
        };
        let (connected, read, ()) = tokio::join!(place.connect(), far.read_u8(), join);
        assert!(connected.is_ok());
        assert_eq!(read.unwrap(), b'b');
        assert_eq!(began.elapsed(), LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_peer_is_not_seen_through_a_cut() {
        let place = Place::default();
        let mut door = place.listen();
        let mut near = place.connect().await.unwrap();
        let far = door.accept().await.unwrap();
        place.cut(true);
        drop(far);
        assert!(timeout(LONG, near.read_u8()).await.is_err());
        assert!(timeout(LONG, near.write_all(b"x")).await.is_err());
        place.cut(false);
        assert!(near.read_u8().await.is_err());
        assert!(near.write_all(b"x").await.is_err());
    }
}
