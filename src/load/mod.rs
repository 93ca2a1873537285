//! Requests, jobs and bursts over a transport.

mod settings;

pub use settings::{Caps, Connections};
