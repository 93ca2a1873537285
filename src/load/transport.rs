//! One HTTP exchange with the API, whatever carries it.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::{HeaderMap, Method};

use crate::model::UnknownReason;

/// How much of an answer's body is read where nothing else is said, in bytes. What is longer is cut
/// here, and its connection dropped.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Carries requests to the API, one attempt each: no retry, no redirect, no proxy.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads its whole answer. It may take for ever: the caller bounds the
    /// time, and gives up by dropping the future.
    ///
    /// # Errors
    /// When no answer came, and whose doing that was.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError>;

    /// Where requests go: a URL without a slash at its end.
    fn url(&self) -> &str;

    /// The address that it leads to (`host:port`), if it is on a network.
    fn address(&self) -> Option<String> {
        None
    }
}

/// A request as it goes to the wire.
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

/// An answer as it came from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or as much of it as may be read.
    pub body: Bytes,
    /// Whether there is more of it that was not read.
    pub is_cut: bool,
}

/// Why an exchange has no answer.
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
    /// The harness or its environment failed: out of file descriptors, no such host name, a
    /// certificate that is not trusted. This is never the API's fault.
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
    /// Reads an answer's body to its end, or so many bytes of it.
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
