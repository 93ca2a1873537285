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
}
