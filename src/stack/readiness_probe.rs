//! What asks a backend whether it is ready.

use async_trait::async_trait;

use super::Driver;

/// Asks a backend directly whether it is ready to serve.
#[async_trait]
pub trait Probe: Send + Sync {
    /// `Ok` when it is ready; otherwise why it is not, in a few words. The caller bounds the time.
    async fn ready(&self, driver: &dyn Driver) -> Result<(), String>;

    /// What it does to find out, in a few words.
    fn means(&self) -> String;

    /// The address that is asked (`host:port`), if it is asked at one.
    fn address(&self) -> Option<String> {
        None
    }
}
