//! `[load]`, `[trial]` and `[trace]`: how a trial runs, and the bounds on its load and its trace.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use serde::Deserialize;

use super::byte_size::ByteSize;
use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::{DurationText, at_most};
use crate::executor::{ResetPolicy, Settings};
use crate::load::{Caps, Connections};
use crate::model::ceiling;

/// The maximum number of baseline requests of each kind.
const MAX_BASELINE: u32 = 1_000;

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
    ready_within: Option<DurationText>,
    api_ready_within: Option<DurationText>,
    baseline: Option<NonZeroU32>,
    anchor_timeout: Option<DurationText>,
    probe_patience: Option<DurationText>,
    probe_every: Option<DurationText>,
    resources_every: Option<DurationText>,
    settle: Option<DurationText>,
    reset_grace: Option<DurationText>,
    #[serde(default)]
    reset: ResetPolicy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TraceTable {
    max_bytes: Option<ByteSize>,
    max_run_bytes: Option<ByteSize>,
    max_text_bytes: Option<ByteSize>,
}

impl LoadTable {
    pub(super) fn settings(&self) -> Result<(Connections, Caps), Problem> {
        let usual = Caps::default();
        let key = |name: &str| KeyPath::of("load").key(name);
        let in_flight = self.in_flight.map_or(usual.in_flight, NonZeroUsize::get);
        let requests = self.requests.map_or(usual.requests, NonZeroU64::get);
        let rate_per_s = self.rate.map_or(usual.rate_per_s, |rate| rate.get().into());
        let caps = Caps {
            in_flight: at_most(key("in-flight"), in_flight, ceiling::MOST_AT_ONCE as usize)?,
            requests: at_most(key("requests"), requests, ceiling::MOST)?,
            rate_per_s: at_most(key("rate"), rate_per_s, ceiling::MOST_PER_S)?,
        };
        Ok((self.connections, caps))
    }
}

impl TrialTable {
    pub(super) fn settings(self, trace: TraceTable) -> Result<(Settings, ResetPolicy), Problem> {
        let usual = Settings::default();
        let time = |name: &str, given: Option<DurationText>, usual| match given {
            Some(time) => time.above_zero(KeyPath::of("trial").key(name)),
            None => Ok(usual),
        };
        let bytes = |name: &str, given: Option<ByteSize>, usual| match given {
            Some(size) => size.above_zero(KeyPath::of("trace").key(name)),
            None => Ok(usual),
        };
        let ready_within = time("ready-within", self.ready_within, usual.ready_within)?;
        let settings = Settings {
            ready_within,
            api_ready_within: time("api-ready-within", self.api_ready_within, ready_within)?,
            baseline_requests: at_most(
                KeyPath::of("trial").key("baseline"),
                self.baseline
                    .map_or(usual.baseline_requests, NonZeroU32::get),
                MAX_BASELINE,
            )?,
            anchor_timeout: time("anchor-timeout", self.anchor_timeout, usual.anchor_timeout)?,
            probe_patience: time("probe-patience", self.probe_patience, usual.probe_patience)?,
            probe_every: time("probe-every", self.probe_every, usual.probe_every)?,
            resources_every: time(
                "resources-every",
                self.resources_every,
                usual.resources_every,
            )?,
            settle: time("settle", self.settle, usual.settle)?,
            reset_grace: self.reset_grace.map_or(usual.reset_grace, |grace| grace.0),
            max_trace_bytes: bytes("max-bytes", trace.max_bytes, usual.max_trace_bytes)?,
            max_run_bytes: bytes("max-run-bytes", trace.max_run_bytes, usual.max_run_bytes)?,
            max_text_bytes: bytes(
                "max-text-bytes",
                trace.max_text_bytes,
                usual.max_text_bytes as u64,
            )? as usize,
        };
        Ok((settings, self.reset))
    }
}
