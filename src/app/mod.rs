//! The demo: an API in front of a backend, with a catalogue of bugs. It is modelled on the service
//! whose outages started this project.
//!
//! The API queues jobs for one processor, which talks to the backend over one long-lived channel;
//! `/sync` uses the same channel. A provider keeps the channel open and reopens it when it breaks.
//! Data flows one way:
//!
//! ```text
//! HTTP ─ api → jobs → processor → caller → provider → channel ─(a JSON line a message)→ backend
//!          └─────────── /sync ───────────↑
//! ```
//!
//! Everything runs on any byte stream and on tokio's clock; only [`tcp`] uses sockets. So a
//! simulator can run the same code in memory. Everything that a server has started ends when its
//! future is dropped.
//!
//! Every bug of the [catalogue](Variant) is a few lines in one place, marked with `BUG` and its
//! name; the healthy variant never runs them. [`ApiSettings`] holds the settings in which variants
//! differ.

pub mod api;
pub mod backend;
mod caller;
mod catalogue;
mod channel;
mod health;
mod host;
mod http;
mod jobs;
mod limited_log;
mod log;
mod meter;
mod network;
mod processor;
mod protocol;
mod provider;
mod session;
mod settings;
mod slots;
pub mod tcp;
#[cfg(test)]
mod tests;
mod unknown_variant;
mod variant;

pub use health::health;
pub use host::{Crash, Host};
pub use log::Log;
pub use meter::Meter;
pub use network::{ByteStream, Listener, Network, Stream};
pub use settings::ApiSettings;
pub use unknown_variant::UnknownVariant;
pub use variant::Variant;
