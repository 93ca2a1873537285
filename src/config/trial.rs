//! `[load]`, `[trial]` and `[trace]`: how a trial is run, and what it may cost.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use serde::Deserialize;

use super::KeyPath;
use super::complaint::Problem;
use super::text::Time;
use crate::executor::{ResetPolicy, Settings};
use crate::load::{Caps, Connections};

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct LoadTable {
    #[serde(default)]
    connections: Connections,
    in_flight: Option<NonZeroUsize>,
    requests: Option<NonZeroU64>,
    rate: Option<NonZeroU32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TrialTable {
    ready_within: Option<Time>,
    api_ready_within: Option<Time>,
    baseline: Option<NonZeroU32>,
    anchor_timeout: Option<Time>,
    probe_patience: Option<Time>,
    probe_every: Option<Time>,
    resources_every: Option<Time>,
    settle: Option<Time>,
    #[serde(default)]
    reset: ResetPolicy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TraceTable {
    max_bytes: Option<NonZeroU64>,
    max_run_bytes: Option<NonZeroU64>,
    max_text_bytes: Option<NonZeroUsize>,
}

impl LoadTable {
    pub(super) fn settings(&self) -> (Connections, Caps) {
        let usual = Caps::default();
        let caps = Caps {
            in_flight: self.in_flight.map_or(usual.in_flight, NonZeroUsize::get),
            requests: self.requests.map_or(usual.requests, NonZeroU64::get),
            rate_per_s: self.rate.map_or(usual.rate_per_s, |rate| rate.get().into()),
        };
        (self.connections, caps)
    }
}

impl TrialTable {
    pub(super) fn settings(self, trace: TraceTable) -> Result<(Settings, ResetPolicy), Problem> {
        let usual = Settings::default();
        let time = |name: &str, given: Option<Time>, usual| match given {
            Some(time) => time.above_zero(KeyPath::of("trial").key(name)),
            None => Ok(usual),
        };
        let ready_within = time("ready-within", self.ready_within, usual.ready_within)?;
        let settings = Settings {
            ready_within,
            api_ready_within: time("api-ready-within", self.api_ready_within, ready_within)?,
            baseline_requests: self
                .baseline
                .map_or(usual.baseline_requests, NonZeroU32::get),
            anchor_timeout: time("anchor-timeout", self.anchor_timeout, usual.anchor_timeout)?,
            probe_patience: time("probe-patience", self.probe_patience, usual.probe_patience)?,
            probe_every: time("probe-every", self.probe_every, usual.probe_every)?,
            resources_every: time(
                "resources-every",
                self.resources_every,
                usual.resources_every,
            )?,
            settle: time("settle", self.settle, usual.settle)?,
            max_trace_bytes: trace
                .max_bytes
                .map_or(usual.max_trace_bytes, NonZeroU64::get),
            max_run_bytes: trace
                .max_run_bytes
                .map_or(usual.max_run_bytes, NonZeroU64::get),
            max_text_bytes: trace
                .max_text_bytes
                .map_or(usual.max_text_bytes, NonZeroUsize::get),
        };
        Ok((settings, self.reset))
    }
}
