//! Keeps a channel to the backend open, and opens it again when it breaks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::channel::{self, Answer, Broken, Channel, Pump};
use super::{Log, Network, Settings};

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// There is no channel, and has been none for too long.
    #[error("the backend is unavailable: not connected")]
    Unavailable,
    /// The channel broke under the call.
    #[error("the connection to the backend is lost (broken pipe)")]
    Broken,
    /// The backend does not answer.
    #[error("the backend did not answer within {} ms", .0.as_millis())]
    Deadline(Duration),
}

/// The one way to the backend. [`Provider::keep_connected`] has to run beside the calls.
pub(super) struct Provider {
    network: Arc<dyn Network>,
    settings: Settings,
    log: Log,
    link: watch::Sender<Link>,
}

#[derive(Debug, Clone)]
enum Link {
    Up(Channel),
    Down { since: Instant },
}

impl Provider {
    /// A provider that is not connected yet.
    pub fn new(network: Arc<dyn Network>, settings: Settings, log: Log) -> Self {
        Provider {
            network,
            settings,
            log,
            link: watch::Sender::new(Link::Down {
                since: Instant::now(),
            }),
        }
    }

    /// Whether there is a channel.
    pub fn connected(&self) -> bool {
        matches!(*self.link.borrow(), Link::Up(_))
    }

    /// Has a piece of work done by the backend.
    pub async fn call(&self, token: Value) -> Result<Answer, CallError> {
        let channel = self.channel().await?;
        let answer = async {
            channel
                .work(token)
                .await
                .map_err(|Broken| CallError::Broken)
        };
        let Some(deadline) = self.settings.call_deadline else {
            return answer.await;
        };
        timeout(deadline, answer).await.unwrap_or_else(|_| {
            // Whoever leaves this call unanswered will not answer the next, and a late answer must find nobody.
            channel.close();
            Err(CallError::Deadline(deadline))
        })
    }

    /// Connects whenever there is no channel, with growing pauses, also while nobody calls. Never returns.
    pub async fn keep_connected(&self) {
        let mut again = false;
        loop {
            let pump = self.connect().await;
            self.log.line(if again {
                "reconnected to the backend"
            } else {
                "connected to the backend"
            });
            again = true;
            let why = pump.run().await;
            self.log
                .line(format_args!("backend connection lost: {why}"));
            self.disconnected();
            // The sender lives in `self`, so this cannot fail.
            let _ = self
                .link
                .subscribe()
                .wait_for(|link| matches!(link, Link::Down { .. }))
                .await;
            // A backend that hangs up as soon as it has said welcome must not be called in a tight loop.
            sleep(self.settings.backoff_min).await;
        }
    }

    /// Tries until there is a channel.
    async fn connect(&self) -> Pump {
        let mut backoff = self.settings.backoff_min;
        let mut silent = false;
        loop {
            match self.try_connect().await {
                Ok((channel, pump)) => {
                    self.link.send_replace(Link::Up(channel));
                    return pump;
                }
                Err(error) if !silent => {
                    self.log.line(format_args!(
                        "cannot connect to the backend, trying on: {error}"
                    ));
                    // One line per outage is enough.
                    silent = true;
                }
                Err(_) => {}
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(self.settings.backoff_max);
        }
    }

    async fn try_connect(&self) -> io::Result<(Channel, Pump)> {
        let attempt = async { channel::open(self.network.connect().await?).await };
        timeout(self.settings.connect_deadline, attempt).await?
    }

    /// Notes that the channel is gone.
    fn disconnected(&self) {
        // BUG stale-connected: nobody clears the flag that `connected` trusts, so nobody reconnects.
        if self.settings.bugs.keeps_stale_channel {
            return;
        }
        self.link.send_replace(Link::Down {
            since: Instant::now(),
        });
    }

    /// The channel, waiting for it as long as it has not been away for too long.
    async fn channel(&self) -> Result<Channel, CallError> {
        let mut link = self.link.subscribe();
        loop {
            let since = match &*link.borrow_and_update() {
                Link::Up(channel) => return Ok(channel.clone()),
                Link::Down { since } => *since,
            };
            let give_up_at = since + self.settings.patience;
            match timeout_at(give_up_at, link.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(CallError::Unavailable),
            }
        }
    }
}
