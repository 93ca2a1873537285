//! Asking a backend whether it is ready.

use tokio::time::{Instant, sleep, timeout};

use crate::model::duration;
use crate::stack::{Backend, backoff};

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
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        let Err(why) = ask(backend).await else { return };
        refused(&why);
        let pause = backoff::pause(began.elapsed(), asked.elapsed(), backend.probe_every);
        sleep(pause).await;
    }
}
