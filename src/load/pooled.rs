//! Connections that are kept and reused.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::oneshot;

use super::endpoint::Endpoint;
use super::exchange_error::exchange_error;
use super::{ExchangeError, HttpAnswer, HttpRequest, LoadError, MAX_BODY_BYTES, Transport, tls};
use crate::model::UnknownReason;

/// The maximum size of a response head. hyper parses a head without yielding, so this also bounds
/// for how long it blocks the task.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The maximum number of interim responses (such as `100 Continue`) before the final one. hyper
/// itself has no limit.
const MAX_INTERIM: u32 = 100;

/// Keeps connections and reuses them, as a service that calls another does. A connection that the
/// API closed while it was idle may show as a reset: a real client would see the same.
///
/// This is hyper's own client, because others, reqwest among them, silently resend a request whose
/// kept connection turns out to be closed.
#[derive(Debug)]
pub struct Pooled {
    endpoint: Endpoint,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    max_body_bytes: usize,
}

impl Pooled {
    /// A transport to the API at `url`. `ca` is a PEM file of certificate authorities to trust
    /// besides the system's.
    ///
    /// # Errors
    /// When the URL or the file is invalid.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, LoadError> {
        let endpoint = Endpoint::parse(url)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client_config(endpoint.is_tls(), ca)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(false)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .set_host(true);
        Ok(Pooled {
            endpoint,
            http: builder.build(connector),
            max_body_bytes: MAX_BODY_BYTES,
        })
    }

    /// Sets how much of a body is read at most, in bytes.
    #[must_use]
    pub fn max_body(self, max_body_bytes: usize) -> Self {
        Pooled {
            max_body_bytes,
            ..self
        }
    }
}

#[async_trait]
impl Transport for Pooled {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let uri = self.endpoint.uri(&request.path)?;
        let mut message = Request::new(Full::new(request.body.unwrap_or_default()));
        *message.method_mut() = request.method;
        *message.uri_mut() = uri;
        *message.headers_mut() = request.headers;
        let accept = HeaderValue::from_static("*/*");
        message.headers_mut().entry(ACCEPT).or_insert(accept);
        let flood = interim_flood(&mut message);
        let answer = async {
            let response = self.http.request(message).await;
            let (head, body) = response
                .map_err(|error| exchange_error(&error))?
                .into_parts();
            HttpAnswer::read(
                head.status.as_u16(),
                head.headers,
                body,
                self.max_body_bytes,
            )
            .await
            .map_err(|error| exchange_error(&error))
        };
        tokio::select! {
            biased;
            Ok(()) = flood => Err(ExchangeError::Unanswered {
                reason: UnknownReason::Garbled,
                message: format!("more than {MAX_INTERIM} interim responses (1xx)"),
            }),
            answer = answer => answer,
        }
    }

    fn url(&self) -> &str {
        self.endpoint.url()
    }

    fn address(&self) -> Option<String> {
        self.endpoint.address()
    }
}

/// Resolves to `Ok` after more than [`MAX_INTERIM`] interim responses, or to an error when no more
/// can come.
fn interim_flood(message: &mut Request<Full<Bytes>>) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    let (sender, count) = (Mutex::new(Some(sender)), AtomicU32::new(0));
    hyper::ext::on_informational(message, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM {
            let mut sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            // The receiver may be gone already.
            let _ = sender.take().map(|sender| sender.send(()));
        }
    });
    receiver
}
