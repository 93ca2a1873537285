//! The trait of readiness probes.

use async_trait::async_trait;

use super::Driver;

/// Checks directly whether a backend is ready to serve.
#[async_trait]
pub trait Probe: Send + Sync {
    /// `Ok` when the backend is ready; otherwise a short reason. The caller limits the time.
    async fn ready(&self, driver: &dyn Driver) -> Result<(), String>;

    /// What is probed, in a few words.
    fn means(&self) -> String;

    /// The probed address (`host:port`), if there is one.
    fn address(&self) -> Option<String> {
        None
    }
}
