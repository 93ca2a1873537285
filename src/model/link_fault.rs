//! Faults of the network between the API and a backend, done by a link.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration_ms;

/// What a link does to the connections that go through it, until it is lifted.
///
/// Connections that `reset`, `half-open` and `idle-close` have struck stay dead when the fault is
/// lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LinkFault {
    /// New connections are refused, old ones live: a closed port, a full balancer.
    Refuse,
    /// Old connections are reset once; new ones work: a NAT or proxy that restarted.
    Reset,
    /// Old connections fall silent for ever, without an end; new ones work: a host that died, a
    /// forgotten NAT entry.
    HalfOpen,
    /// Everything is silent, and new connections are not answered at all. What was held back
    /// arrives when the fault is lifted: a partition that heals.
    BlackHole,
    /// One direction is silent: asymmetric routes. What was held back arrives afterwards.
    OneWay {
        /// The direction in which nothing arrives.
        silent: Direction,
    },
    /// New connections are accepted and closed at once, old ones live: a proxy without a backend.
    AcceptClose,
    /// Everything arrives later, and no faster than a rate: a busy network.
    Slow {
        /// Milliseconds that are added in each direction.
        latency_ms: u64,
        /// KiB per second in each direction of a connection; none means no limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_kib_s: Option<u64>,
    },
    /// Replies arrive one byte at a time, so that a timeout of each read never fires: a sick peer.
    Trickle {
        /// Milliseconds from one byte to the next.
        gap_ms: u64,
    },
    /// A connection is closed in the middle of a reply: a crash while answering.
    Truncate {
        /// Bytes that each connection's backend may still send from the beginning of the fault.
        after_bytes: u64,
    },
    /// Connections on which nothing was sent for a while are forgotten without an end: firewalls,
    /// cloud balancers.
    IdleClose {
        /// Milliseconds for which a connection may be idle.
        idle_ms: u64,
    },
}

/// A direction on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the API to the backend: requests.
    ToBackend,
    /// From the backend to the API: replies.
    FromBackend,
}

/// Who ended a connection through a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedBy {
    /// The API.
    Api,
    /// The backend.
    Backend,
    /// The fault.
    Fault,
    /// The link itself, at its own end.
    Link,
}

impl LinkFault {
    /// Its name, as in a signature and in the configuration's `faults`.
    pub fn name(&self) -> &'static str {
        match self {
            LinkFault::Refuse => "refuse",
            LinkFault::Reset => "reset",
            LinkFault::HalfOpen => "half-open",
            LinkFault::BlackHole => "black-hole",
            LinkFault::OneWay { .. } => "one-way",
            LinkFault::AcceptClose => "accept-close",
            LinkFault::Slow { .. } => "slow",
            LinkFault::Trickle { .. } => "trickle",
            LinkFault::Truncate { .. } => "truncate",
            LinkFault::IdleClose { .. } => "idle-close",
        }
    }
}

impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkFault::Refuse => f.write_str("refuse new connections"),
            LinkFault::Reset => f.write_str("reset the connections"),
            LinkFault::HalfOpen => f.write_str("silence the connections for ever"),
            LinkFault::BlackHole => f.write_str("let nothing through"),
            LinkFault::OneWay {
                silent: Direction::ToBackend,
            } => f.write_str("let no request through"),
            LinkFault::OneWay {
                silent: Direction::FromBackend,
            } => f.write_str("let no reply through"),
            LinkFault::AcceptClose => f.write_str("accept connections and close them at once"),
            LinkFault::Slow {
                latency_ms,
                rate_kib_s,
            } => {
                write!(f, "delay everything by {}", duration_ms(*latency_ms))?;
                match rate_kib_s {
                    Some(rate) => write!(f, " and limit it to {rate} KiB/s"),
                    None => Ok(()),
                }
            }
            LinkFault::Trickle { gap_ms } => {
                write!(f, "let replies through byte by byte, {gap_ms} ms apart")
            }
            LinkFault::Truncate { after_bytes } => {
                write!(
                    f,
                    "close each connection after {after_bytes} bytes of a reply"
                )
            }
            LinkFault::IdleClose { idle_ms } => write!(
                f,
                "forget connections that are idle for {}",
                duration_ms(*idle_ms)
            ),
        }
    }
}
