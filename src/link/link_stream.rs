//! One side of a connection: a TCP or a Unix stream, and what only a socket can do.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use socket2::{SockFilter, SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::LinkAddress;

/// A vanished peer of a control connection is noticed after about this many seconds of silence,
/// whether data is under way to it or not.
const VANISHED: Duration = Duration::from_secs(4);

/// A classic BPF program: accept a TCP segment that has FIN or RST, drop every other. Linux runs it
/// before anything else looks at the segment, so nothing is acknowledged, as by a host that died:
/// probes of a keepalive stay unanswered, and `TCP_USER_TIMEOUT` fires. FIN and RST pass so that
/// the socket can be given up when its peer is gone. No privilege is needed.
const SILENCE: [SockFilter; 4] = [
    // The flags are in byte 13 of the TCP header, where the filter's view begins.
    SockFilter::new(0x30, 0, 0, 13),
    SockFilter::new(0x45, 0, 1, 0x05),
    SockFilter::new(0x06, 0, 0, u32::MAX),
    SockFilter::new(0x06, 0, 0, 0),
];

/// One side of a connection.
#[derive(Debug)]
pub(super) enum LinkStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// How much of a peer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerState {
    /// It could still send.
    Open,
    /// It has said FIN.
    Finished,
    /// The connection is broken, or closed altogether.
    Gone,
}

impl LinkStream {
    /// Connects. The kernel's own limit applies, about two minutes where nothing answers.
    pub(super) async fn connect(address: &LinkAddress) -> io::Result<Self> {
        if let LinkAddress::Unix(path) = address {
            return Ok(LinkStream::Unix(UnixStream::connect(path).await?));
        }
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in address.resolve().await? {
            match TcpStream::connect(address).await {
                Ok(stream) => return Self::from_tcp(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn from_tcp(stream: TcpStream) -> io::Result<Self> {
        // What arrives is passed on at once, as a cable would.
        stream.set_nodelay(true)?;
        Ok(LinkStream::Tcp(stream))
    }

    /// Ends the connection by RST. A Unix stream is only closed.
    pub(super) fn reset(self) {
        if let LinkStream::Tcp(stream) = &self {
            // If this fails, the peer gets FIN.
            let _ = stream.set_zero_linger();
        }
    }

    /// Lets the kernel answer nothing more to the peer. A Unix stream has no such answers.
    pub(super) fn silence(&self) {
        if let LinkStream::Tcp(stream) = self {
            // Where a kernel cannot do that, nothing is read or written all the same.
            let _ = SockRef::from(stream).attach_filter(&SILENCE);
        }
    }

    /// Notices a peer that vanishes without a word.
    pub(super) fn keep_alive(&self) -> io::Result<()> {
        if let LinkStream::Tcp(stream) = self {
            let second = Duration::from_secs(1);
            let probes = TcpKeepalive::new()
                .with_time(second)
                .with_interval(second)
                .with_retries(3);
            let socket = SockRef::from(stream);
            socket.set_tcp_keepalive(&probes)?;
            // Probes rest while data is under way, so this is needed too.
            socket.set_tcp_user_timeout(Some(VANISHED))?;
        }
        Ok(())
    }

    /// How much of the peer is left, without reading.
    pub(super) fn peer(&self) -> PeerState {
        let interest = PollFlags::RDHUP;
        let mut polled = [PollFd::from_borrowed_fd(self.as_fd(), interest)];
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        if poll(&mut polled, Some(&at_once)).is_err() {
            return PeerState::Gone;
        }
        let [polled] = polled;
        let seen = polled.revents();
        if seen.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
            PeerState::Gone
        } else if seen.contains(PollFlags::RDHUP) {
            PeerState::Finished
        } else {
            PeerState::Open
        }
    }
}

impl AsFd for LinkStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            LinkStream::Tcp(stream) => stream.as_fd(),
            LinkStream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl AsyncRead for LinkStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            LinkStream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            LinkStream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for LinkStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            LinkStream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            LinkStream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            LinkStream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            LinkStream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
