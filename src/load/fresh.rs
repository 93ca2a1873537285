//! A new connection for every exchange.

use std::path::Path;

use async_trait::async_trait;
use reqwest::redirect::Policy;

use super::blame::blame;
use super::endpoint::Endpoint;
use super::{ExchangeError, HttpAnswer, HttpRequest, LoadError, Transport, tls};

/// Makes a new connection for every exchange. It keeps none, and follows no redirect and no proxy variable,
/// so that what is seen is the API's doing alone.
#[derive(Debug)]
pub struct Fresh {
    endpoint: Endpoint,
    http: reqwest::Client,
}

impl Fresh {
    /// A transport to the API at `url`. `ca` is a PEM file of certificate authorities to trust besides the system's.
    ///
    /// # Errors
    /// When the URL or the file is no good.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, LoadError> {
        let endpoint = Endpoint::parse(url)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(ca)?)
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| LoadError::Setup(error.to_string()))?;
        Ok(Fresh { endpoint, http })
    }
}

#[async_trait]
impl Transport for Fresh {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let url = self.endpoint.resolve(&request.path)?;
        let mut builder = self
            .http
            .request(request.method, url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(told)?;
        let status = response.status().as_u16();
        HttpAnswer::read(status, reqwest::Body::from(response))
            .await
            .map_err(told)
    }

    fn url(&self) -> &str {
        self.endpoint.url()
    }

    fn address(&self) -> Option<String> {
        self.endpoint.address()
    }
}

/// What is told of an error. reqwest's own words give the URL, and no trace may carry an address.
fn told(error: reqwest::Error) -> ExchangeError {
    blame(&error.without_url())
}
