//! A readiness probe over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use hyper::http::uri::InvalidUri;
use hyper::{HeaderMap, Uri};

use super::reading::Reading;
use super::{Fresh, HttpRequest, LoadError, Transport, header};
use crate::stack::{Driver, Probe};

/// Ready when a `GET` of the path returns a 2xx. The transport goes to the backend directly, not
/// through the API.
pub struct HttpProbe {
    /// A transport to the backend.
    pub transport: Arc<dyn Transport>,
    /// The path and query.
    pub path: String,
    /// Request headers, such as credentials.
    pub headers: HeaderMap,
}

impl HttpProbe {
    /// A probe of this URL with these headers.
    ///
    /// # Errors
    /// When the URL or a header is invalid.
    pub fn of_url(url: &str, headers: &BTreeMap<String, String>) -> Result<Self, LoadError> {
        let bad = |message: String| LoadError::Url {
            url: url.to_owned(),
            message,
        };
        let uri: Uri = url
            .parse()
            .map_err(|error: InvalidUri| bad(error.to_string()))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("it has no scheme or no host".to_owned()));
        };
        let headers = headers.iter().map(|(name, value)| header(name, value));
        Ok(HttpProbe {
            transport: Arc::new(Fresh::new(&format!("{scheme}://{authority}"), None)?),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            headers: headers.collect::<Result<_, _>>().map_err(bad)?,
        })
    }
}

#[async_trait]
impl Probe for HttpProbe {
    async fn ready(&self, _driver: &dyn Driver) -> Result<(), String> {
        let answer = self
            .transport
            .exchange(HttpRequest {
                headers: self.headers.clone(),
                ..HttpRequest::get(&self.path)
            })
            .await
            .map_err(|error| error.to_string())?;
        let reading = Reading::new(&answer);
        if reading.is_success() {
            Ok(())
        } else {
            Err(format!("status {} {}", reading.status, reading.message())
                .trim_end()
                .to_owned())
        }
    }

    fn means(&self) -> String {
        format!("GET {}{}", self.transport.url(), self.path)
    }

    fn address(&self) -> Option<String> {
        self.transport.address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::scripted::{Reply, Scripted};
    use crate::model::{Act, UnknownReason};
    use crate::stack::{DriverError, Lease, Observations, ServiceState, Subject, Usage};

    /// A driver that must not be used.
    struct NoDriver;

    #[async_trait]
    impl Driver for NoDriver {
        async fn act(&self, _act: Act) -> Result<(), DriverError> {
            unreachable!()
        }
        async fn state(&self) -> Result<ServiceState, DriverError> {
            unreachable!()
        }
        fn supports(&self, _act: Act) -> bool {
            unreachable!()
        }
        fn lease(&self) -> Option<Lease> {
            unreachable!()
        }
        fn subject(&self) -> Subject {
            unreachable!()
        }
        fn outlives_us(&self) -> bool {
            unreachable!()
        }
        fn observe(&self) -> Observations {
            unreachable!()
        }
        async fn exec(&self, _command: &[String]) -> Result<(bool, String), DriverError> {
            unreachable!()
        }
        async fn usage(&self) -> Result<Option<Usage>, DriverError> {
            unreachable!()
        }
        async fn release(&self) -> Result<(), DriverError> {
            unreachable!()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_2xx_is_ready_and_anything_else_says_why_not() {
        let cases = [
            (Reply::now(204, ""), Ok(())),
            (
                Reply::now(503, "starting"),
                Err("status 503 starting".to_owned()),
            ),
            (Reply::now(301, ""), Err("status 301".to_owned())),
            (
                Reply::Lost(1, UnknownReason::Refused),
                Err("connection refused".to_owned()),
            ),
        ];
        for (reply, expected) in cases {
            let transport = Arc::new(Scripted::new(move |request, _| {
                assert_eq!(*request, HttpRequest::get("/healthz"));
                reply.clone()
            }));
            let path = "/healthz".to_owned();
            assert_eq!(
                HttpProbe {
                    transport,
                    path,
                    headers: HeaderMap::new()
                }
                .ready(&NoDriver)
                .await,
                expected
            );
        }
    }

    #[test]
    fn a_url_is_asked_for_as_it_is_written() {
        for (url, path, address) in [
            ("http://127.0.0.1:1/healthz", "/healthz", "127.0.0.1:1"),
            ("http://127.0.0.1:1/healthz/", "/healthz/", "127.0.0.1:1"),
            (
                "http://127.0.0.1:1/ready?full=1&x",
                "/ready?full=1&x",
                "127.0.0.1:1",
            ),
            ("http://localhost", "/", "localhost:80"),
            ("https://localhost/?a", "/?a", "localhost:443"),
        ] {
            let probe = HttpProbe::of_url(url, &BTreeMap::new()).unwrap();
            assert_eq!(
                (&*probe.path, probe.address().unwrap().as_str()),
                (path, address)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_headers_are_sent_and_never_shown() {
        let headers = BTreeMap::from([("authorization".to_owned(), "Basic c2VjcmV0".to_owned())]);
        let HttpProbe { path, headers, .. } = HttpProbe::of_url("http://h/", &headers).unwrap();
        assert!(!format!("{headers:?}").contains("c2VjcmV0"));
        let transport = Arc::new(Scripted::new(|request, _| {
            match request.headers.contains_key("authorization") {
                true => Reply::now(200, ""),
                false => Reply::now(401, ""),
            }
        }));
        let probe = HttpProbe {
            transport,
            path,
            headers,
        };
        assert_eq!(probe.ready(&NoDriver).await, Ok(()));
    }
}
