//! Keeps a channel to the backend open, and reopens it when it breaks.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::channel::{
    self, BackendAnswer, Broken, Channel, ChannelEnd, PendingCalls, Pump, Unwelcome,
};
use super::session::BackendSession;
use super::{ApiSettings, Crash, Host, Network, Variant};
use crate::watched;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// There has been no channel for too long.
    #[error("the backend is unavailable: not connected")]
    Unavailable,
    /// The channel is new and not in use yet.
    #[error("the backend is unavailable: warming up after a reconnect")]
    WarmingUp,
    /// Too many recent calls have failed.
    #[error("the backend is unavailable: the circuit breaker is open")]
    BreakerOpen,
    /// All slots have been taken for too long.
    #[error("the backend is unavailable: too many calls are in flight")]
    NoSlot,
    /// The channel broke during the call.
    #[error("the connection to the backend is lost (broken pipe)")]
    Broken,
    /// The job's lane has a handle of an earlier session.
    #[error("the handle belongs to another session")]
    StaleHandle,
    /// The backend did not respond in time.
    #[error("the backend did not answer within {} ms", .0.as_millis())]
    Deadline(Duration),
}

/// The nominal CPU time of one connection attempt.
const DIAL_COST: Duration = Duration::from_micros(200);

/// tokio's shortest sleep.
const NO_PAUSE: Duration = Duration::from_millis(1);

/// The bug lost-restart overlooks a loss within this time after a reconnect.
const SETTLING: Duration = Duration::from_millis(100);

/// How often a waiting call queues a retry in the bug retry-stampede.
const IMPATIENCE: Duration = Duration::from_millis(2);

/// How much memory the bug retained-buffers keeps of each connection, in bytes.
const BUFFERS: usize = 32 << 20;

/// The API's only access to the backend. [`Provider::keep_connected`] must run concurrently with
/// the calls.
pub(super) struct Provider {
    network: Arc<dyn Network>,
    settings: ApiSettings,
    host: Host,
    link: watched::Sender<Link>,
    /// The waiting calls of all connections, for the bug crossed-replies. Otherwise each connection
    /// has its own.
    waiting: PendingCalls,
}

#[derive(Debug)]
struct Link {
    channel: Option<Channel>,
    /// When the channel was opened or lost.
    since: Instant,
    /// How many channels have been opened.
    epoch: u32,
}

/// Why a connection attempt failed.
#[derive(Debug, thiserror::Error)]
enum DialError {
    /// The backend is unreachable or does not listen.
    #[error("{0}")]
    Unreachable(io::Error),
    /// The connection was accepted, but the backend did not welcome us.
    #[error("{0}")]
    Unwelcome(#[from] Unwelcome),
    /// No response in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
}

impl Provider {
    /// A provider that is not connected yet.
    pub fn new(network: Arc<dyn Network>, settings: ApiSettings, host: Host) -> Self {
        Provider {
            network,
            settings,
            host,
            link: watched::Sender::new(Link {
                channel: None,
                since: Instant::now(),
                epoch: 0,
            }),
            waiting: PendingCalls::default(),
        }
    }

    /// Whether there is a channel.
    pub fn connected(&self) -> bool {
        self.link.borrow().channel.is_some()
    }

    /// When the current channel was opened; `None` without a channel.
    pub fn connected_since(&self) -> Option<Instant> {
        let link = self.link.borrow();
        link.channel.as_ref().map(|_| link.since)
    }

    /// How often the channel was reopened.
    pub fn reconnects(&self) -> u32 {
        self.link.borrow().epoch.saturating_sub(1)
    }

    /// Returns as soon as there is a channel.
    pub async fn until_connected(&self) {
        let mut link = self.link.subscribe();
        // The sender lives in `self`, so this cannot fail.
        let _ = link.wait_for(|link| link.channel.is_some()).await;
    }

    /// Lets the backend do a piece of work.
    pub async fn call(&self, token: Value) -> Result<BackendAnswer, CallError> {
        let began = Instant::now();
        let channel = self.channel().await?;
        // BUG retry-stampede: all retries of a call that had to wait are sent now, in addition to
        // the call itself.
        if self.settings.is(Variant::RetryStampede) {
            let retries = began.elapsed().as_millis() / IMPATIENCE.as_millis();
            (0..retries).for_each(|_| channel.repeat(token.clone()));
        }
        let answer = async {
            let answered = channel.process(token).await;
            answered.map_err(|Broken| CallError::Broken)
        };
        let Some(deadline) = self.settings.call_deadline else {
            return answer.await;
        };
        timeout(deadline, answer).await.unwrap_or_else(|_| {
            // A backend that leaves this call unanswered will not answer the next, and a late
            // response must not reach another call.
            if self.settings.resets_when_late {
                channel.close();
            }
            Err(CallError::Deadline(deadline))
        })
    }

    /// Connects whenever there is no channel, with growing pauses, even if there are no calls.
    /// Returns only when the API crashes.
    pub async fn keep_connected(&self) -> Crash {
        let mut session = BackendSession::default();
        let mut resets = 0;
        let mut wires = Vec::new();
        let mut buffers = Vec::new();
        loop {
            let pump = self.connect(&mut session).await;
            self.host.log.line(match self.reconnects() {
                0 => "connected to the backend",
                _ => "reconnected to the backend",
            });
            // BUG third-reconnect-crash: a channel is closed twice.
            if self.settings.is(Variant::ThirdReconnectCrash) && self.reconnects() == 3 {
                return Crash("close of a closed channel".into());
            }
            let end = pump.run().await;
            session.lost();
            let lost = format!("backend connection lost: {}", end.why);
            self.host.log.line(lost);
            if self.overlooks(&end, resets) {
                pending::<()>().await;
            }
            resets += u32::from(end.reset);
            // BUG leaked-descriptor: nobody closes the socket.
            if self.settings.is(Variant::LeakedDescriptor) {
                wires.push(end.wire);
            }
            // BUG retained-buffers: nobody frees the connection's buffers.
            if self.settings.is(Variant::RetainedBuffers) {
                buffers.push(vec![1_u8; BUFFERS]);
                self.host.meter.hold(BUFFERS);
            }
            self.set_link(None);
            // If the backend hangs up right after its welcome, this must not become a busy loop.
            sleep(self.settings.backoff_min).await;
        }
    }

    /// Whether a bug hides the loss of a channel. Then it counts as open, and nothing reconnects.
    fn overlooks(&self, end: &ChannelEnd, resets: u32) -> bool {
        let lived = self.link.borrow().since.elapsed();
        match self.settings.variant {
            // BUG stale-connected: nobody clears the flag that `connected` trusts.
            Variant::StaleConnected => true,
            // BUG lost-restart: soon after a reconnect, it counts as part of the previous loss.
            Variant::LostRestart => self.reconnects() > 0 && lived < SETTLING,
            // BUG loss-after-reset: the flag of an earlier reset is still set, so the loss counts
            // as our own reset.
            Variant::LossAfterReset => resets > 0 && !end.reset,
            _ => false,
        }
    }

    /// Tries to connect until there is a channel.
    async fn connect(&self, session: &mut BackendSession) -> Pump {
        let mut backoff = self.settings.backoff_min;
        let mut failures = 0;
        loop {
            let error = match self.dial(session).await {
                Ok(pump) => return pump,
                Err(error) => error,
            };
            failures += 1;
            let accepted = matches!(error, DialError::Unwelcome(_));
            let expired = matches!(error, DialError::Unwelcome(Unwelcome::Expired));
            if failures == 1 {
                // One line per outage is enough.
                self.host.log.line(format_args!(
                    "cannot connect to the backend, retrying: {error}"
                ));
            }
            // BUG session-refused: the old session is presented forever.
            if expired && !self.settings.is(Variant::SessionRefused) {
                session.expired();
            }
            // BUG gives-up: it never tries again.
            if self.settings.is(Variant::GivesUp) && failures == 8 {
                self.host.log.line("giving up on the backend");
                pending::<()>().await;
            }
            // BUG redial-flood: a refused connection is retried at once.
            if self.settings.is(Variant::RedialFlood) && !accepted {
                self.host.log.line(format_args!("cannot connect: {error}"));
                backoff = NO_PAUSE;
            }
            // BUG backoff-reset: on a reconnect, an accepted connection counts as a success
            // although no welcome follows.
            let reconnects = session.resume().is_some();
            if self.settings.is(Variant::BackoffReset) && accepted && reconnects {
                backoff = NO_PAUSE;
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(self.settings.backoff_max);
        }
    }

    async fn dial(&self, session: &mut BackendSession) -> Result<Pump, DialError> {
        self.host.meter.add_busy(DIAL_COST);
        let waiting = match self.settings.variant {
            // BUG crossed-replies: calls from the old connection wait for the first responses on
            // the new one.
            Variant::CrossedReplies => self.waiting.carried_over(),
            // BUG late-reply: a call that times out leaves the line, but its response still counts.
            Variant::LateReply => PendingCalls::in_line(),
            _ => PendingCalls::default(),
        };
        let attempt = async {
            let stream = self.network.connect().await;
            let stream = self
                .host
                .meter
                .count(stream.map_err(DialError::Unreachable)?);
            Ok(channel::open(stream, session.resume(), waiting).await?)
        };
        let deadline = self.settings.connect_deadline;
        let attempt = timeout(deadline, attempt).await;
        let (channel, pump, number) = attempt.unwrap_or(Err(DialError::Silent(deadline)))?;
        session.joined(number);
        self.set_link(Some(channel));
        Ok(pump)
    }

    fn set_link(&self, channel: Option<Channel>) {
        let epoch = self.link.borrow().epoch + u32::from(channel.is_some());
        let since = Instant::now();
        self.link.send_replace(Link {
            channel,
            since,
            epoch,
        });
    }

    /// The channel. Waits for it until it has been away for too long.
    async fn channel(&self) -> Result<Channel, CallError> {
        let mut link = self.link.subscribe();
        loop {
            let since = {
                let link = link.borrow_and_update();
                match &link.channel {
                    Some(_) if link.epoch > 1 && link.since.elapsed() < self.settings.warm_up => {
                        return Err(CallError::WarmingUp);
                    }
                    Some(channel) => return Ok(channel.clone()),
                    None => link.since,
                }
            };
            let give_up_at = since + self.settings.patience;
            match timeout_at(give_up_at, link.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(CallError::Unavailable),
            }
        }
    }
}
