//! Requests, jobs and bursts over a transport.
//!
//! A [`burst`] or the [`background`] load asks the [`Client`] for requests at their due times. The
//! client fills in a kind's template, sends it over a [`Transport`], follows the job if it becomes
//! one, and records each step. There are deliberately no retries, redirects or proxies: they would
//! hide the failures that a trial looks for.

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
mod schedule;
mod scope;
mod settings;
mod successes;
mod syntax;
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
pub use syntax::header;
pub use transport::{ExchangeError, HttpAnswer, HttpRequest, MAX_BODY_BYTES, Transport};
pub use unpooled::Unpooled;
