//! A new connection for every exchange.

use std::path::Path;
use std::sync::LazyLock;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use super::endpoint::Endpoint;
use super::exchange_error::exchange_error;
use super::{ExchangeError, HttpAnswer, HttpRequest, LoadError, MAX_BODY_BYTES, Transport, tls};

/// The runtime of all exchanges. hyper skips any number of interim responses (such as `100
/// Continue`) without yielding, and reqwest cannot limit them. On threads of their own, such a
/// flood does not block timers and signals.
static EXCHANGES: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .thread_name("exchanges")
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads for HTTP exchanges: {error}"))
});

/// Makes a new connection for every exchange. It ignores redirects and proxy variables, so that
/// every failure is the API's own.
#[derive(Debug)]
pub struct Unpooled {
    endpoint: Endpoint,
    http: reqwest::Client,
    max_body_bytes: usize,
    runtime: &'static Runtime,
}

impl Unpooled {
    /// A transport to the API at `url`. `ca` is a PEM file of certificate authorities to trust
    /// besides the system's.
    ///
    /// # Errors
    /// When the URL or the file is invalid.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, LoadError> {
        let endpoint = Endpoint::parse(url)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(endpoint.is_tls(), ca)?)
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| LoadError::Setup(error.to_string()))?;
        let runtime = EXCHANGES
            .as_ref()
            .map_err(|e| LoadError::Setup(e.clone()))?;
        Ok(Unpooled {
            endpoint,
            http,
            max_body_bytes: MAX_BODY_BYTES,
            runtime,
        })
    }

    /// Sets how much of a body is read at most, in bytes.
    #[must_use]
    pub fn max_body(self, max_body_bytes: usize) -> Self {
        Unpooled {
            max_body_bytes,
            ..self
        }
    }
}

#[async_trait]
impl Transport for Unpooled {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let url = self.endpoint.resolve(&request.path)?;
        let mut builder = self
            .http
            .request(request.method, url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let max_body_bytes = self.max_body_bytes;
        let exchange = async move {
            let mut response = builder.send().await.map_err(as_exchange_error)?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            let body = reqwest::Body::from(response);
            HttpAnswer::read(status, headers, body, max_body_bytes)
                .await
                .map_err(as_exchange_error)
        };
        let exchange = AbortOnDropHandle::new(self.runtime.spawn(exchange));
        exchange.await.map_err(|error| ExchangeError::Harness {
            message: format!("the task of an HTTP exchange failed: {error}"),
        })?
    }

    fn url(&self) -> &str {
        self.endpoint.url()
    }

    fn address(&self) -> Option<String> {
        self.endpoint.address()
    }
}

/// Removes the URL from reqwest's error: no trace may contain an address.
fn as_exchange_error(error: reqwest::Error) -> ExchangeError {
    exchange_error(&error.without_url())
}
