//! The trait of transports: one HTTP exchange with the API.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::{HeaderMap, Method};

use crate::model::UnknownReason;

/// The default for how much of a response body is read, in bytes. A longer body is cut there, and
/// its connection is dropped.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Carries requests to the API, with one attempt each: no retry, no redirect, no proxy.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole response. This may take forever: the caller limits the
    /// time, and cancels by dropping the future.
    ///
    /// # Errors
    /// When no response came. Says whether the API or the harness is to blame.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError>;

    /// The URL that requests go to, without a trailing slash.
    fn url(&self) -> &str;

    /// The address (`host:port`) that requests go to, if it is on a network.
    fn address(&self) -> Option<String> {
        None
    }
}

/// A request as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The path and query below the API's URL.
    pub path: String,
    /// The headers. Their values are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
}

/// A response as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, up to the limit on body size.
    pub body: Bytes,
    /// Whether the body is longer than what was read of it.
    pub is_cut: bool,
}

/// Why an exchange has no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The API did not answer.
    #[error("{message}")]
    Unanswered {
        /// Why.
        reason: UnknownReason,
        /// The error's own words.
        message: String,
    },
    /// The harness or its environment failed: out of file descriptors, an unknown host name, an
    /// untrusted certificate. This is never the API's fault.
    #[error("{message}")]
    Harness {
        /// The error's own words.
        message: String,
    },
}

impl HttpRequest {
    /// A `GET` without headers and body.
    pub fn get(path: &str) -> Self {
        HttpRequest {
            method: Method::GET,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: None,
        }
    }
}

impl HttpAnswer {
    /// Reads a response body to its end, or up to `max_bytes` of it.
    pub(crate) async fn read<B>(
        status: u16,
        headers: HeaderMap,
        mut body: B,
        max_bytes: usize,
    ) -> Result<Self, B::Error>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut read = BytesMut::new();
        let mut is_cut = false;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let room = max_bytes - read.len();
            read.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                is_cut = true;
                break;
            }
        }
        Ok(HttpAnswer {
            status,
            headers,
            body: read.freeze(),
            is_cut,
        })
    }
}
