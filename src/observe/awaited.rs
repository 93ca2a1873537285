//! Asking a backend whether it is ready.

use tokio::time::{sleep, timeout};

use crate::model::duration;
use crate::stack::Backend;

/// Asks a backend once whether it is ready. It is not if the probe times out.
///
/// # Errors
/// Why it is not ready, in a few words.
pub async fn ask(backend: &Backend) -> Result<(), String> {
    let answer = timeout(backend.probe_timeout, backend.probe.ready(&*backend.driver));
    answer.await.unwrap_or_else(|_| {
        let limit = duration(backend.probe_timeout);
        Err(format!("no answer within {limit}"))
    })
}

/// Asks a backend until it is ready, and passes each reason why it is not to `refused`.
pub async fn until_ready(backend: &Backend, refused: impl Fn(&str)) {
    while let Err(why) = ask(backend).await {
        refused(&why);
        sleep(backend.probe_every).await;
    }
}
