//! Requests, jobs and bursts over a transport.
//!
//! A [`burst`] or the [`background`] load asks the [`Client`] for requests at their due times; the
//! client fills in a kind's template, sends it over a [`Transport`], follows the job that it may
//! become, and records each step. Three things are deliberately absent: retries, redirects and
//! proxies. They would hide what a trial is to show.

mod burst;
mod claims;
mod client;
mod draw;
mod endpoint;
mod error;
mod exchange_error;
mod expectation;
mod expected;
mod finished_jobs;
mod gate;
mod job;
mod json_text;
mod kind;
mod parsed_answer;
mod pending;
mod placeholder;
mod pooled;
mod probe;
mod readiness;
mod scope;
mod settings;
mod successes;
mod template;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod unpooled;
mod values;
mod wire;

pub(crate) use endpoint::Endpoint;
pub(crate) use exchange_error::exchange_error;

pub use burst::{ERROR_PAUSE, background, burst};
pub use client::{Client, ClientParts};
pub use draw::Draw;
pub use error::LoadError;
pub use kind::check;
pub use pooled::Pooled;
pub use probe::HttpProbe;
pub use readiness::Readiness;
pub use settings::{Caps, Connections};
pub use transport::{ExchangeError, HttpAnswer, HttpRequest, MAX_BODY_BYTES, Transport};
pub use unpooled::Unpooled;
