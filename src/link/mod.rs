//! The network between the API and a backend: a proxy that forwards, disturbs and observes.
//!
//! A [`Link`] listens in the backend's place and forwards each connection. Over its control
//! connection ([`LinkControl`] is the other end) it is asked for a [fault](crate::model::LinkFault)
//! and tells what it [sees](Sight). That connection is the lease: when it ends, for whatever
//! reason, the link forwards plainly again.
//!
//! ```text
//!              Link::start
//!    LinkListener ──accept──→ connection ──dial──→ Carrier ──→ Flow (requests), Flow (replies)
//!         ↑                       ↑                  ↑
//!         └────────── Switchboard: one order to everybody, done when all have obeyed
//!                                 ↑
//!                               lease ←── control connection
//! ```
//!
//! What a link cannot do, because it is a pair of connections and not a cable:
//!
//! * It accepts a connection before it knows whether the backend does. If the backend refuses, the
//!   API's connection is reset at once.
//! * While `black-hole` and `one-way` hold bytes back, the link's own kernel still acknowledges
//!   what the API has sent, and answers the probes of a TCP keepalive. The connections that
//!   `half-open` and `idle-close` strike are silent altogether: their keepalives fail.
//! * Unix sockets have no RST: `reset` closes them. Where nothing listens behind `black-hole`, a
//!   connect waits, or gets `EAGAIN` if it may not block.

mod carry;
mod connection;
mod control;
mod delay_line;
mod exact_timer;
mod eyes;
mod flow;
mod forgotten;
mod lease;
mod link;
mod link_address;
mod link_listener;
mod link_order;
mod link_stream;
mod message;
mod switchboard;

pub use control::{LinkControl, LinkControlError, LinkSights};
pub use link::{Link, LinkError, LinkReady, PathAddresses};
pub use link_address::{LinkAddress, LinkAddressError};
use link_stream::LinkStream;
pub use message::{LinkPath, LinkRequest, PROTOCOL, Sight, Told};
