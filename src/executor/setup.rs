//! Before anything is recorded of it, the API serves every kind of request.

use tokio::time::{Instant, sleep};

use super::Settings;
use crate::load::Client;
use crate::model::{RequestKind, duration};
use crate::stack::backoff;
use crate::trace::{Origin, Recorder};

/// The set-up of one trial.
pub(super) struct Setup<'a> {
    /// A client of its own, so that its requests are not part of the history.
    pub client: Client,
    pub kinds: &'a [RequestKind],
    pub settings: &'a Settings,
    pub recorder: &'a Recorder,
}

impl Setup<'_> {
    /// Waits until the API has served every kind of request once, and returns whether it did so in
    /// time.
    pub(super) async fn api_serves(&self) -> bool {
        let within = self.settings.api_ready_within;
        let mut last = None;
        let began = Instant::now();
        let served = async {
            for kind in self.kinds {
                loop {
                    let asked = Instant::now();
                    let outcome = self.client.request(&Origin::Probe, &kind.name, asked).await;
                    if outcome.is_ok() {
                        break;
                    }
                    last = Some((kind.name.clone(), outcome));
                    let most = self.settings.probe_every;
                    sleep(backoff::pause(began.elapsed(), asked.elapsed(), most)).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = served => return true,
            () = self.recorder.pass(began, within) => {}
        }
        let limit = duration(within);
        let detail = match last {
            Some((kind, outcome)) => {
                format!("the last request of the kind {kind} ended as {outcome}")
            }
            None => "no request has ended at all".to_owned(),
        };
        self.recorder.trouble(
            "setting up",
            format!(
                "the API did not serve every kind of request within {limit}: {detail}; mend it, or allow more by `[trial] api-ready-within`"
            ),
        );
        false
    }
}
