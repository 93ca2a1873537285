//! What a service holds and does, where no operating system counts it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;

/// Counts a service's open streams, the memory that it holds, and its work. Clones share the
/// counts.
///
/// Nothing is pretended: a leaked stream is a socket and leaked memory is touched, so that the
/// figures of a real process show the same. Its work alone is nominal, since on a simulated clock
/// nothing takes any time.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    streams: AtomicU64,
    bytes: AtomicU64,
    busy_us: AtomicU64,
}

/// A stream that is counted for as long as it is open.
struct Counted {
    stream: Stream,
    meter: Meter,
}

impl Meter {
    /// How many streams are open, accepted and connected ones together.
    pub fn streams(&self) -> u64 {
        self.0.streams.load(Ordering::Relaxed)
    }

    /// How much memory is held beyond what every service needs.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// For how long it has been at work in all, nominally.
    pub fn busy(&self) -> Duration {
        Duration::from_micros(self.0.busy_us.load(Ordering::Relaxed))
    }

    /// The same stream, counted.
    pub(super) fn count(&self, stream: Stream) -> Stream {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        Box::new(Counted {
            stream,
            meter: self.clone(),
        })
    }

    /// Notes memory that is held from now on.
    pub(super) fn hold(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes work that has been done.
    pub(super) fn add_busy(&self, time: Duration) {
        let us = time.as_micros() as u64;
        self.0.busy_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.meter.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
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
    use super::*;

    #[test]
    fn a_stream_counts_for_as_long_as_it_is_open() {
        let meter = Meter::default();
        let (near, far) = tokio::io::duplex(1);
        let near = meter.count(Box::new(near));
        let far = meter.clone().count(Box::new(far));
        assert_eq!(meter.streams(), 2);
        drop(near);
        assert_eq!(meter.streams(), 1);
        drop(far);
        assert_eq!(meter.streams(), 0);
    }
}
