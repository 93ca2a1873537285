//! The demo's backend: it accepts connections at once, and serves after its boot time.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::network::serve_each;
use super::protocol::{FromBackend, ToBackend, Wire};
use super::{Listener, Log, Stream};

/// How a backend behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendSettings {
    /// How long it accepts connections before it serves.
    pub boot: Duration,
    /// How long a piece of work takes. Any number are worked on at once.
    pub work: Duration,
}

impl Default for BackendSettings {
    /// Work takes long enough for a fault to strike while it is in flight.
    fn default() -> Self {
        BackendSettings {
            boot: Duration::from_millis(100),
            work: Duration::from_millis(20),
        }
    }
}

/// Serves from now on: booting first. Never returns; when it is dropped, every connection breaks.
pub async fn serve(mut listener: impl Listener, settings: BackendSettings, log: Log) {
    let ready_at = Instant::now() + settings.boot;
    let announce = async {
        sleep_until(ready_at).await;
        log.line("ready to serve");
    };
    let serve = serve_each(&mut listener, &log, |stream| async move {
        // A connection that breaks is the other side's to deal with.
        let _ = converse(stream, settings.work, ready_at).await;
    });
    tokio::join!(announce, serve);
}

/// Talks with one peer until one of the two hangs up.
async fn converse(stream: Stream, work: Duration, ready_at: Instant) -> io::Result<()> {
    let mut wire = Wire::new(stream);
    // Every piece of work takes the same time, so they are done in the order in which they came.
    let mut working: VecDeque<(Instant, u64, Value)> = VecDeque::new();
    loop {
        let next_done = working.front().map(|(done_at, ..)| *done_at);
        tokio::select! {
            biased;
            () = sleep_until(next_done.unwrap_or(ready_at)), if next_done.is_some() => {
                if let Some((_, call, token)) = working.pop_front() {
                    let result = format!("worked for {} ms", work.as_millis());
                    wire.send(&FromBackend::Done { call, token, result }).await?;
                }
            }
            message = wire.receive() => match message? {
                None => return Ok(()),
                Some(_) if Instant::now() < ready_at => return wire.send(&FromBackend::Booting).await,
                Some(ToBackend::Hello) => wire.send(&FromBackend::Welcome).await?,
                Some(ToBackend::Health) => wire.send(&FromBackend::Ready).await?,
                Some(ToBackend::Work { call, token }) => {
                    working.push_back((Instant::now() + work, call, token));
                }
            }
        }
    }
}
