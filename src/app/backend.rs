//! The demo's backend. It accepts connections at once, but serves only after its boot time.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::network::serve_each;
use super::protocol::{FromBackend, Resume, ToBackend, Wire};
use super::{Listener, Log, Stream};

/// How many greetings it accepts while it boots, for each 100 ms of its boot time. After more it
/// blocks its clients.
const GREETINGS: u32 = 10;

/// More pieces of work than this at the same time make it block the client.
const MOST_WORK: usize = 512;

/// How a backend behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendSettings {
    /// How long it accepts connections before it serves.
    pub boot: Duration,
    /// How long a piece of work takes. Any number are worked on at once.
    pub job_time: Duration,
    /// For how long a session may be without a connection.
    pub session_grace: Duration,
}

impl Default for BackendSettings {
    /// Work takes long enough for a fault to hit it in flight.
    fn default() -> Self {
        BackendSettings {
            boot: Duration::from_millis(100),
            job_time: Duration::from_millis(20),
            session_grace: Duration::from_secs(1),
        }
    }
}

/// What all connections share.
struct Backend {
    settings: BackendSettings,
    ready_at: Instant,
    log: Log,
    sessions: AtomicU64,
    greetings: AtomicU32,
    /// Whether clients are refused, because one of them has overloaded the backend.
    blocks: AtomicBool,
}

/// Boots, then serves. Never returns; all connections break when the future is dropped.
pub async fn serve(mut listener: impl Listener, settings: BackendSettings, log: Log) {
    let backend = Arc::new(Backend {
        settings,
        ready_at: Instant::now() + settings.boot,
        log: log.clone(),
        sessions: AtomicU64::new(0),
        greetings: AtomicU32::new(0),
        blocks: AtomicBool::new(false),
    });
    let announce = async {
        sleep_until(backend.ready_at).await;
        log.line("ready to serve");
    };
    let serve = serve_each(&mut listener, &log, |stream| {
        let backend = backend.clone();
        async move {
            // The peer handles a broken connection.
            let _ = backend.converse(stream).await;
        }
    });
    tokio::join!(announce, serve);
}

impl Backend {
    /// Talks with one peer until one of the two hangs up.
    async fn converse(&self, stream: Stream) -> io::Result<()> {
        let mut wire = Wire::new(stream);
        let job_time = self.settings.job_time;
        // Every piece of work takes the same time, so they are done in the order in which they
        // came.
        let mut working: VecDeque<(Instant, u64, Value)> = VecDeque::new();
        loop {
            let next_done = working.front().map(|(done_at, ..)| *done_at);
            tokio::select! {
                biased;
                () = sleep_until(next_done.unwrap_or(self.ready_at)), if next_done.is_some() => {
                    if let Some((_, call, token)) = working.pop_front() {
                        let result = format!("worked for {} ms", job_time.as_millis());
                        wire.send(&FromBackend::Done { call, token, result }).await?;
                    }
                }
                message = wire.receive() => match message? {
                    None => return Ok(()),
                    Some(ToBackend::Hello { session }) => {
                        let answer = self.greet(session);
                        wire.send(&answer).await?;
                        if !matches!(answer, FromBackend::Welcome { .. }) {
                            return Ok(());
                        }
                    }
                    Some(_) if Instant::now() < self.ready_at => return wire.send(&FromBackend::Booting).await,
                    Some(ToBackend::Health) => wire.send(&FromBackend::Ready).await?,
                    Some(ToBackend::Work { call, token }) => {
                        working.push_back((Instant::now() + job_time, call, token));
                        if working.len() > MOST_WORK {
                            self.block("too much work at a time");
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    fn greet(&self, session: Option<Resume>) -> FromBackend {
        if Instant::now() < self.ready_at {
            let greetings = self.greetings.fetch_add(1, Ordering::Relaxed) + 1;
            let tenths = (self.settings.boot.as_millis() as u32).div_ceil(100);
            if greetings > GREETINGS.saturating_mul(tenths) {
                self.block("too many greetings while it boots");
            }
            return FromBackend::Booting;
        }
        if self.blocks.load(Ordering::Relaxed) {
            return FromBackend::Blocked;
        }
        match session {
            Some(session)
                if u128::from(session.away_ms) > self.settings.session_grace.as_millis() =>
            {
                FromBackend::Expired
            }
            Some(session) => FromBackend::Welcome {
                session: session.number,
            },
            None => FromBackend::Welcome {
                session: self.sessions.fetch_add(1, Ordering::Relaxed) + 1,
            },
        }
    }

    fn block(&self, why: &str) {
        if !self.blocks.swap(true, Ordering::Relaxed) {
            self.log.line(format_args!("blocks the client: {why}"));
        }
    }
}
