//! The controller's side of a control connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::codec::{Framed, LinesCodec};

use super::link_stream::LinkStream;
use super::{LinkAddress, LinkPath, LinkRequest, PROTOCOL, Sight, Told};
use crate::model::LinkFault;

/// The longest line that a link may send, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// How long a link may take to do what it is asked.
const ANSWER: Duration = Duration::from_secs(5);

/// The pause before a lease that another still has is asked for again.
const AGAIN: Duration = Duration::from_millis(50);

/// Control of a link. While it lives, this process has the link's lease; when it is dropped, the
/// link forwards plainly again.
///
/// What was asked is done also when the call that asked is cancelled.
#[derive(Debug, Clone)]
pub struct LinkControl {
    asks: UnboundedSender<Ask>,
    address: Arc<str>,
    paths: Arc<[LinkPath]>,
}

/// What a link sees, as it is told.
#[derive(Debug)]
pub struct LinkSights(UnboundedReceiver<Sight>);

/// Why a link cannot be controlled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkControlError {
    /// Nobody can be reached.
    #[error("no link can be reached at {address}: {reason}; start it, or correct the address")]
    Unreachable {
        /// The control address.
        address: String,
        /// The system's reason.
        reason: String,
    },
    /// Something else listens there, or nothing answers.
    #[error(
        "what listens at {address} is not the control port of a link ({said}); correct the address"
    )]
    NoLink {
        /// The control address.
        address: String,
        /// What was seen instead.
        said: String,
    },
    /// Another version.
    #[error(
        "the link at {address} speaks version {theirs} of the protocol, and this comeback version \
        {PROTOCOL}; use the same comeback on both sides"
    )]
    OtherVersion {
        /// The control address.
        address: String,
        /// The link's version.
        theirs: u32,
    },
    /// Another process has the lease.
    #[error("the link at {address} is in use: {reason}")]
    InUse {
        /// The control address.
        address: String,
        /// The link's reason.
        reason: String,
    },
    /// It cannot do what it was asked, and forwards as before.
    #[error("the link at {address} {reason}")]
    Refused {
        /// The control address.
        address: String,
        /// The link's reason.
        reason: String,
    },
    /// The connection to it was lost: it has ended, or cannot be reached any more.
    #[error("the link at {address} is gone")]
    Gone {
        /// The control address.
        address: String,
    },
}

/// Something that is asked, and where the answer goes.
type Ask = (LinkRequest, oneshot::Sender<Result<(), String>>);

/// A connection, line by line.
type Lines = Framed<LinkStream, LinesCodec>;

impl LinkControl {
    /// Takes the lease of the link that is controlled at an address. If another still has it, as a
    /// run that was just killed does for some milliseconds, it is asked again for as long as
    /// `limit`.
    ///
    /// # Errors
    /// When nothing listens there, or something that is no link, or another has the lease.
    pub async fn connect(
        address: &LinkAddress,
        limit: Duration,
    ) -> Result<(Self, LinkSights), LinkControlError> {
        let until = Instant::now() + limit;
        loop {
            match Self::connect_once(address, until).await {
                Err(LinkControlError::InUse { .. }) if Instant::now() + AGAIN < until => {
                    sleep(AGAIN).await;
                }
                other => return other,
            }
        }
    }

    async fn connect_once(
        address: &LinkAddress,
        until: Instant,
    ) -> Result<(Self, LinkSights), LinkControlError> {
        let name = address.to_string();
        let unreachable = |reason: String| LinkControlError::Unreachable {
            address: name.clone(),
            reason,
        };
        let no_link = |said: &str| LinkControlError::NoLink {
            address: name.clone(),
            said: said.to_owned(),
        };
        let stream = match timeout_at(until, LinkStream::connect(address)).await {
            Ok(connected) => connected.map_err(|error| unreachable(error.to_string()))?,
            Err(_) => return Err(unreachable("no answer".to_owned())),
        };
        let alive = stream.keep_alive();
        alive.map_err(|error| unreachable(error.to_string()))?;
        let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LONGEST_LINE));
        let first = match timeout_at(until, lines.next()).await {
            Ok(Some(Ok(line))) => line,
            Ok(Some(Err(_))) => return Err(no_link("it sent no line of text")),
            Ok(None) => return Err(no_link("it closed the connection")),
            Err(_) => return Err(no_link("it did not greet")),
        };
        let paths = match serde_json::from_str(&first) {
            Ok(Told::Hello {
                comeback_link: PROTOCOL,
                paths,
            }) => paths,
            Ok(Told::Hello { comeback_link, .. }) => {
                return Err(LinkControlError::OtherVersion {
                    address: name,
                    theirs: comeback_link,
                });
            }
            Ok(Told::Refused(reason)) => {
                return Err(LinkControlError::InUse {
                    address: name,
                    reason,
                });
            }
            _ => return Err(no_link("it did not greet as a link does")),
        };
        let (asks, asked) = unbounded_channel();
        let (seen, sights) = unbounded_channel();
        tokio::spawn(speak(lines, asked, seen));
        let control = LinkControl {
            asks,
            address: name.into(),
            paths: paths.into(),
        };
        Ok((control, LinkSights(sights)))
    }

    /// The link's paths, in the order by which sights name them.
    pub fn paths(&self) -> &[LinkPath] {
        &self.paths
    }

    /// Does this to the path, instead of what was done before. It is done when this returns.
    ///
    /// # Errors
    /// When the link cannot do it, or is gone.
    pub async fn fault(&self, fault: LinkFault) -> Result<(), LinkControlError> {
        self.ask(LinkRequest::Fault(fault)).await
    }

    /// Lets the link forward plainly. It does when this returns.
    ///
    /// # Errors
    /// When the link cannot do it, or is gone.
    pub async fn lift(&self) -> Result<(), LinkControlError> {
        self.ask(LinkRequest::Lift).await
    }

    /// Whether the link is gone.
    pub fn is_gone(&self) -> bool {
        self.asks.is_closed()
    }

    /// Waits until the link is gone.
    pub async fn gone(&self) {
        self.asks.closed().await;
    }

    async fn ask(&self, asked: LinkRequest) -> Result<(), LinkControlError> {
        let address = || self.address.to_string();
        let gone = || LinkControlError::Gone { address: address() };
        let (answer, answered) = oneshot::channel();
        self.asks.send((asked, answer)).map_err(|_| gone())?;
        match answered.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(LinkControlError::Refused {
                address: address(),
                reason,
            }),
            Err(_) => Err(gone()),
        }
    }
}

impl LinkSights {
    /// The next sight; none when the link is gone, or its control was dropped. Cancelling the call
    /// loses none.
    pub async fn next(&mut self) -> Option<Sight> {
        self.0.recv().await
    }
}

/// Asks, and passes on what the link tells, until either side is gone. A link that does not answer
/// in time is given up, lease and all: it forwards plainly as soon as it notices.
async fn speak(
    mut lines: Lines,
    mut asks: UnboundedReceiver<Ask>,
    seen: UnboundedSender<Sight>,
) -> Option<()> {
    let mut waiting: VecDeque<(Instant, oneshot::Sender<Result<(), String>>)> = VecDeque::new();
    loop {
        let oldest = waiting.front().map(|(asked, _)| *asked + ANSWER);
        tokio::select! {
            biased;
            asked = asks.recv() => {
                let (asked, answer) = asked?;
                waiting.push_back((Instant::now(), answer));
                let line = serde_json::to_string(&asked).ok()?;
                timeout(ANSWER, lines.send(line)).await.ok()?.ok()?;
            }
            line = lines.next() => {
                let answer = match serde_json::from_str(&line?.ok()?) {
                    // Nobody may want to know.
                    Ok(Told::Seen(sight)) => {
                        let _ = seen.send(sight);
                        continue;
                    }
                    Ok(Told::Done) => Ok(()),
                    Ok(Told::Refused(why)) => Err(why),
                    Ok(Told::Hello { .. }) | Err(_) => return None,
                };
                // Whoever asked may have stopped to wait.
                let (_, asker) = waiting.pop_front()?;
                let _ = asker.send(answer);
            }
            () = sleep_until(oldest.unwrap_or_else(Instant::now)), if oldest.is_some() => return None,
        }
    }
}
