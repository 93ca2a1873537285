//! What is done to the path, as each connection is told it.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::{Direction, LinkFault};

/// What befalls the connections that exist when a fault begins, and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    /// RST on both sides.
    Reset,
    /// Silence for ever.
    Forget,
}

/// The fault from now on, for one connection. It has been carried out when it is dropped.
#[derive(Debug)]
pub(super) struct LinkOrder {
    pub(super) fault: Option<LinkFault>,
    pub(super) _done: mpsc::Sender<Infallible>,
}

/// How one direction of a connection is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// At once.
    Plain,
    /// Not at all.
    Silent,
    /// Later, and at no more than a rate in bytes per second.
    Slow {
        latency: Duration,
        rate: Option<u64>,
    },
    /// One byte in each gap.
    Trickle { gap: Duration },
    /// So many bytes, then the end.
    Truncate { after_bytes: u64 },
}

impl Strike {
    /// What a fault does to the connections that exist when it begins.
    pub(super) fn of(fault: Option<LinkFault>) -> Option<Self> {
        match fault {
            Some(LinkFault::Reset) => Some(Strike::Reset),
            Some(LinkFault::HalfOpen) => Some(Strike::Forget),
            _ => None,
        }
    }
}

impl Rule {
    /// What a fault makes of a direction.
    pub(super) fn of(fault: Option<LinkFault>, direction: Direction) -> Self {
        let is_reply = direction == Direction::FromBackend;
        match fault {
            Some(LinkFault::BlackHole) => Rule::Silent,
            Some(LinkFault::OneWay { silent }) if silent == direction => Rule::Silent,
            Some(LinkFault::Slow {
                latency_ms,
                rate_kib_s,
            }) => Rule::Slow {
                latency: bounded(latency_ms),
                rate: rate_kib_s.map(|rate| rate.saturating_mul(1024)),
            },
            Some(LinkFault::Trickle { gap_ms }) if is_reply => Rule::Trickle {
                gap: bounded(gap_ms),
            },
            Some(LinkFault::Truncate { after_bytes }) if is_reply => Rule::Truncate { after_bytes },
            _ => Rule::Plain,
        }
    }
}

/// How long a connection may be idle.
pub(super) fn idle_limit(fault: Option<LinkFault>) -> Option<Duration> {
    match fault {
        Some(LinkFault::IdleClose { idle_ms }) => Some(bounded(idle_ms)),
        _ => None,
    }
}

/// A time that can be added to any instant.
fn bounded(ms: u64) -> Duration {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    Duration::from_millis(ms).min(YEAR)
}
