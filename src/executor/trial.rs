//! One trial under way, as all of its parts see it.

use super::Executor;
use crate::load::Client;
use crate::model::Plan;
use crate::nemesis::{self, Nemesis};
use crate::observe::ReadinessObserver;
use crate::trace::{EventKind, Phase, Recorder};

/// One trial under way.
pub(super) struct Trial<'a> {
    pub executor: &'a Executor,
    pub plan: &'a Plan,
    pub recorder: &'a Recorder,
    pub readiness: &'a ReadinessObserver,
    pub nemesis: &'a Nemesis,
    pub client: &'a Client,
}

impl Trial<'_> {
    /// Undoes every fault, and tells whether that worked.
    pub(super) async fn heal(&self) -> bool {
        self.enter(Phase::Heal);
        match nemesis::heal(&self.executor.stack, &self.executor.journal).await {
            Ok(()) => {
                self.readiness.healed();
                true
            }
            Err(error) => {
                self.trouble("healing", error.to_string());
                false
            }
        }
    }

    pub(super) fn enter(&self, phase: Phase) -> u64 {
        self.recorder.record(EventKind::Phase { phase })
    }

    pub(super) fn trouble(&self, during: &str, message: String) {
        self.recorder.record(EventKind::Trouble {
            during: during.to_owned(),
            message,
        });
    }
}
