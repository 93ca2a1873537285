//! Both directions of a connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, Sleep, sleep_until};

use super::flow::{Break, Flow};
use super::link_order::{LinkOrder, Rule, Strike, idle_limit};
use crate::model::{ClosedBy, Direction, LinkFault};

/// How a connection stopped being carried.
#[derive(Debug)]
pub(super) enum Parting {
    /// Both sides have ended, this one first.
    Finished(ClosedBy),
    /// This side broke.
    Broken(ClosedBy),
    /// The fault strikes it; the order has been carried out when it is dropped.
    Struck(Strike, LinkOrder),
    /// It was idle for too long.
    Idle,
    /// The backend has sent more than it may.
    Truncated,
}

/// How long a connection may be idle, and since when it has been.
struct Idleness {
    limit: Duration,
    since: Instant,
    bytes: u64,
    sleep: Pin<Box<Sleep>>,
}

/// Both directions of a connection, and what they have carried.
pub(super) struct Carrier {
    to_backend: Flow,
    from_backend: Flow,
    idleness: Option<Idleness>,
    first_end: Option<ClosedBy>,
    has_seen: [bool; 2],
}

impl Carrier {
    pub(super) fn new(fault: Option<LinkFault>) -> Self {
        Carrier {
            to_backend: Flow::new(Rule::of(fault, Direction::ToBackend)),
            from_backend: Flow::new(Rule::of(fault, Direction::FromBackend)),
            idleness: Idleness::new(fault, 0),
            first_end: None,
            has_seen: [false; 2],
        }
    }

    /// Bytes that have arrived at the backend.
    pub(super) fn bytes_to_backend(&self) -> u64 {
        self.to_backend.bytes()
    }

    /// Bytes that have arrived at the API.
    pub(super) fn bytes_from_backend(&self) -> u64 {
        self.from_backend.bytes()
    }

    /// Carries bytes until the connection's fate is known. `seen` is called at the first byte of
    /// each direction.
    pub(super) async fn carry<A, B>(
        &mut self,
        api: &mut A,
        backend: &mut B,
        orders: &mut UnboundedReceiver<LinkOrder>,
        mut seen: impl FnMut(Direction),
    ) -> Parting
    where
        A: AsyncRead + AsyncWrite + Unpin,
        B: AsyncRead + AsyncWrite + Unpin,
    {
        poll_fn(|context| {
            loop {
                match orders.poll_recv(context) {
                    Poll::Ready(Some(order)) => match Strike::of(order.fault) {
                        Some(strike) => return Poll::Ready(Parting::Struck(strike, order)),
                        None => self.obey(order.fault),
                    },
                    Poll::Ready(None) => return Poll::Ready(Parting::Broken(ClosedBy::Link)),
                    Poll::Pending => break,
                }
            }
            let to_backend = self.to_backend.poll(context, api, backend);
            let from_backend = self.from_backend.poll(context, backend, api);
            self.look(&mut seen);
            let broken = |broken: Poll<Result<(), Break>>, sender, receiver| match broken {
                Poll::Ready(Err(Break::Sender)) => Some(Parting::Broken(sender)),
                Poll::Ready(Err(Break::Receiver)) => Some(Parting::Broken(receiver)),
                Poll::Ready(Err(Break::Truncated)) => Some(Parting::Truncated),
                _ => None,
            };
            let fate = broken(to_backend, ClosedBy::Api, ClosedBy::Backend)
                .or_else(|| broken(from_backend, ClosedBy::Backend, ClosedBy::Api));
            if let Some(fate) = fate {
                return Poll::Ready(fate);
            }
            if to_backend.is_ready() && from_backend.is_ready() {
                let first = self.first_end.unwrap_or(ClosedBy::Api);
                return Poll::Ready(Parting::Finished(first));
            }
            let bytes = self.to_backend.bytes() + self.from_backend.bytes();
            match &mut self.idleness {
                Some(idleness) => idleness.poll(context, bytes).map(|()| Parting::Idle),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn obey(&mut self, fault: Option<LinkFault>) {
        let bytes = self.to_backend.bytes() + self.from_backend.bytes();
        self.to_backend.obey(Rule::of(fault, Direction::ToBackend));
        let replies = Rule::of(fault, Direction::FromBackend);
        self.from_backend.obey(replies);
        self.idleness = Idleness::new(fault, bytes);
    }

    /// Notes what happened for the first time.
    fn look(&mut self, seen: &mut impl FnMut(Direction)) {
        let [has_asked, has_answered] = &mut self.has_seen;
        if !*has_asked && self.to_backend.bytes() > 0 {
            *has_asked = true;
            seen(Direction::ToBackend);
        }
        if !*has_answered && self.from_backend.bytes() > 0 {
            *has_answered = true;
            seen(Direction::FromBackend);
        }
        if self.first_end.is_none() {
            let ends = [
                (self.to_backend.has_ended(), ClosedBy::Api),
                (self.from_backend.has_ended(), ClosedBy::Backend),
            ];
            let ended = ends.into_iter().find(|(has_ended, _)| *has_ended);
            self.first_end = ended.map(|(_, by)| by);
        }
    }
}

impl Idleness {
    fn new(fault: Option<LinkFault>, bytes: u64) -> Option<Self> {
        let limit = idle_limit(fault)?;
        let since = Instant::now();
        Some(Idleness {
            limit,
            since,
            bytes,
            sleep: Box::pin(sleep_until(since + limit)),
        })
    }

    /// Ready when the connection, which has carried so many bytes, was idle for too long.
    fn poll(&mut self, context: &mut Context<'_>, bytes: u64) -> Poll<()> {
        if bytes != self.bytes {
            self.bytes = bytes;
            self.since = Instant::now();
        }
        while self.sleep.as_mut().poll(context).is_ready() {
            let until = self.since + self.limit;
            if until <= Instant::now() {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(until);
        }
        Poll::Pending
    }
}
