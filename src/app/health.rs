//! The direct readiness probe of the demo's backend.

use super::Stream;
use super::protocol::{FromBackend, ToBackend, Wire};

/// Asks the backend at the other end of `stream` whether it is ready to serve. The caller limits
/// the time.
///
/// # Errors
/// Why it is not ready, in a few words.
pub async fn health(stream: Stream) -> Result<(), String> {
    let mut wire = Wire::new(stream);
    let asked = wire.send(&ToBackend::Health).await;
    asked.map_err(|error| error.to_string())?;
    match wire.receive().await {
        Ok(Some(FromBackend::Ready)) => Ok(()),
        Ok(Some(FromBackend::Booting)) => Err("it is booting".to_owned()),
        Ok(Some(other)) => Err(format!("it answered {other:?}")),
        Ok(None) => Err("it hung up".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
