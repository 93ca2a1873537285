//! Before anything is recorded of it, the API serves every kind of request.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Settings;
use crate::load::Client;
use crate::model::{RequestKind, duration};
use crate::trace::{Origin, Recorder};

/// The set-up of one trial.
pub(super) struct Setup<'a> {
    client: Client,
    kinds: &'a [RequestKind],
    within: Duration,
    pause: Duration,
    recorder: &'a Recorder,
}

impl<'a> Setup<'a> {
    /// A set-up whose requests are sent by a client of its own, so that they are not part of the
    /// history.
    pub(super) fn new(
        client: Client,
        kinds: &'a [RequestKind],
        settings: &Settings,
        recorder: &'a Recorder,
    ) -> Self {
        Setup {
            client,
            kinds,
            within: settings.api_ready_within,
            pause: settings.probe_every,
            recorder,
        }
    }

    /// Waits until the API has served every kind of request once, and returns whether it did so in
    /// time.
    pub(super) async fn api_serves(&self) -> bool {
        let mut last = None;
        let began = Instant::now();
        let served = async {
            for kind in self.kinds {
                loop {
                    let sent = self
                        .client
                        .request(&Origin::Probe, &kind.name, Instant::now());
                    let outcome = sent.await;
                    if outcome.is_ok() {
                        break;
                    }
                    last = Some((kind.name.clone(), outcome));
                    sleep(self.pause).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = served => return true,
            () = self.recorder.pass(began, self.within) => {}
        }
        let limit = duration(self.within);
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
