//! The file of a trace: JSON Lines, written as things happen.
//!
//! The lines are: the [header](Header), the plan, the [events](super::Event), the verdict, and
//! notes added later. A reader of a file whose writer was killed sees every line that was
//! completed; of the last millisecond, none may be there.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::model::{Executed, Judgement, Limits, LogPatterns, Plan};

/// The version of the format that this build writes. It reads this one and all before it.
pub const FORMAT_VERSION: u32 = 1;

/// The first line of a trace. It holds no command, no address and no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version.
    pub comeback_trace: u32,
    /// The version of comeback that wrote it.
    pub comeback: String,
    /// The version of the generator that drew the plan.
    pub generator: u32,
    /// The stack it was executed against.
    pub stack: StackInfo,
    /// The limits in force.
    pub limits: Limits,
    /// What the API's log was expected to show.
    #[serde(default, skip_serializing_if = "LogPatterns::is_empty")]
    pub log: LogPatterns,
    /// How long the harness paused between two probes of the API, in milliseconds.
    #[serde(default = "probe_every_ms")]
    pub probe_every_ms: u64,
    /// How many trials the stack had been through since its last reset, this one not counted.
    pub trials_since_reset: u64,
    /// When the trial began, by the wall clock (RFC 3339).
    pub started_at: String,
}

impl Header {
    /// When the trial began, since the epoch; zero where it does not say so.
    pub fn began(&self) -> Duration {
        let began = humantime::parse_rfc3339(&self.started_at).ok();
        let since = began.and_then(|began| began.duration_since(UNIX_EPOCH).ok());
        since.unwrap_or_default()
    }
}

/// The pause between two probes in older traces, which do not say it: the default at the time.
fn probe_every_ms() -> u64 {
    500
}

/// The description of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackInfo {
    /// The stack's name: `demo`, or the configuration's.
    pub name: String,
    /// Which variant of it, such as the demo's bug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its backends' names.
    pub backends: Vec<String>,
    /// How the backends' logs show executions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executed: BTreeMap<String, Executed>,
    /// Its request kinds.
    pub kinds: Vec<KindInfo>,
    /// How connections are made: `fresh` or `pooled`.
    pub connections: String,
    /// Whether the API's process or container is observed, so that its exits would be seen.
    pub api_observed: bool,
    /// Whether it was simulated: in memory, and on a clock of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

impl StackInfo {
    /// A name for files about this stack: its name and variant, with every odd character replaced.
    pub fn file_stem(&self) -> String {
        let name = match &self.variant {
            Some(variant) => format!("{}-{variant}", self.name),
            None => self.name.clone(),
        };
        let is_odd = |c: char| !c.is_alphanumeric() && !"-_.".contains(c);
        name.replace(is_odd, "_")
    }
}

/// The description of a request kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindInfo {
    /// Its name.
    pub name: String,
    /// Whether it is a job that is polled.
    pub job: bool,
    /// The states in which faults strike a job of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// Whether the API echoes its token.
    pub echo: bool,
}

/// A line that is neither the header nor an event, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Written {
    Plan(Plan),
    Verdict(Judgement),
    Note(serde_json::Value),
}
