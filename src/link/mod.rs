//! The network between the API and a backend: a proxy that forwards, disturbs and observes.

mod message;

pub use message::{Asked, ClosedBy, LinkPath, PROTOCOL, Sight, Told};
