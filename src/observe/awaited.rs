//! A backend asked by hand, outside of a trial.

use tokio::time::{sleep, timeout};

use crate::model::duration;
use crate::stack::Backend;

/// Asks a backend once whether it is ready; an answer that takes longer than the probe's time-out
/// is a no.
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

/// Asks a backend again and again until it is ready, and passes on why it is not.
pub async fn until_ready(backend: &Backend, refused: impl Fn(&str)) {
    while let Err(why) = ask(backend).await {
        refused(&why);
        sleep(backend.probe_every).await;
    }
}
