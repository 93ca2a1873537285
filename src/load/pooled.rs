//! Connections that are kept and used again.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::blame::blame;
use super::endpoint::Endpoint;
use super::{ExchangeError, HttpAnswer, HttpRequest, LoadError, Transport, tls};

/// Keeps connections and uses them again, as a service's client would. A connection that the API closed while it was idle
/// may show as a reset: that is what such a client sees, and nothing is sent twice to hide it.
///
/// This is hyper's own client, because the pool inside reqwest repeats a request whose kept connection
/// turns out to be closed, and cannot be told not to.
#[derive(Debug)]
pub struct Pooled {
    endpoint: Endpoint,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Pooled {
    /// A transport to the API at `url`. `ca` is a PEM file of certificate authorities to trust besides the system's.
    ///
    /// # Errors
    /// When the URL or the file is no good.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, LoadError> {
        let endpoint = Endpoint::parse(url)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client_config(ca)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(false)
            .set_host(true)
            .build(connector);
        Ok(Pooled { endpoint, http })
    }
}

#[async_trait]
impl Transport for Pooled {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let url = self.endpoint.resolve(&request.path)?;
        let uri: Uri = url.as_str().parse().map_err(|error| blame(&error))?;
        let mut message = Request::new(Full::new(request.body.unwrap_or_default()));
        *message.method_mut() = request.method;
        *message.uri_mut() = uri;
        *message.headers_mut() = request.headers;
        let response = self
            .http
            .request(message)
            .await
            .map_err(|error| blame(&error))?;
        let (head, body) = response.into_parts();
        HttpAnswer::read(head.status.as_u16(), body)
            .await
            .map_err(|error| blame(&error))
    }

    fn url(&self) -> &str {
        self.endpoint.url()
    }

    fn address(&self) -> Option<String> {
        self.endpoint.address()
    }
}
