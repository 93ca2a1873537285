//! A readiness probe over HTTP.

use std::sync::Arc;

use async_trait::async_trait;

use super::reading::Reading;
use super::{HttpRequest, Transport};
use crate::stack::{Driver, Probe};

/// Ready when a `GET` of the path is answered with a 2xx. The transport leads to the backend itself, past the API.
pub struct HttpProbe {
    /// Leads to the backend.
    pub transport: Arc<dyn Transport>,
    /// What is asked for.
    pub path: String,
}

#[async_trait]
impl Probe for HttpProbe {
    async fn ready(&self, _driver: &dyn Driver) -> Result<(), String> {
        let answer = self
            .transport
            .exchange(HttpRequest::get(&self.path))
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::scripted::{Reply, Scripted};
    use crate::model::{Act, UnknownReason};
    use crate::stack::{DriverError, Lease, Observation, ServiceState, Subject, Usage};
    use tokio::sync::mpsc;

    /// Nobody may ask it for anything.
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
        fn observe(&self) -> mpsc::UnboundedReceiver<Observation> {
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
                HttpProbe { transport, path }.ready(&NoDriver).await,
                expected
            );
        }
    }
}
