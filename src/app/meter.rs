//! Counts the resources of a service, for a simulation without an operating system.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;

/// Counts a service's open streams, leaked memory and CPU time. Clones share the counts.
///
/// Leaks are real: a leaked stream is an open socket, and leaked memory is written to, so that a
/// real process shows the same figures. Only the CPU time is nominal, because nothing takes any
/// time on a simulated clock.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    streams: AtomicU64,
    bytes: AtomicU64,
    busy_us: AtomicU64,
}

/// A stream that is counted while it is open.
struct Counted {
    stream: Stream,
    meter: Meter,
}

impl Meter {
    /// The number of open streams, accepted and connected ones together.
    pub fn streams(&self) -> u64 {
        self.0.streams.load(Ordering::Relaxed)
    }

    /// The leaked memory, in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// The nominal CPU time so far.
    pub fn busy(&self) -> Duration {
        Duration::from_micros(self.0.busy_us.load(Ordering::Relaxed))
    }

    /// Counts a stream until it is dropped.
    pub(super) fn count(&self, stream: Stream) -> Stream {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        Box::new(Counted {
            stream,
            meter: self.clone(),
        })
    }

    /// Counts leaked memory.
    pub(super) fn hold(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts CPU time.
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
