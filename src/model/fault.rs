//! Faults, and the acts they consist of.

use std::fmt;
use std::time::Duration;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{LinkFault, LinkFaultName, duration_ms};

/// The name of a backend, as the configuration gives it (`[backend.NAME]`).
pub type BackendName = String;

/// One fault: it hits one backend, lasts for its outage, and is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The backend.
    pub backend: BackendName,
    /// What is done to it.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How long the backend is kept away, in milliseconds: from the end of the act to the beginning
    /// of its undoing. A `rapid` has such an outage before each of its restarts.
    pub outage_ms: u64,
}

/// The kinds of fault. In JSON all of them look the same, those of a link too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", remote = "Self")]
#[schemars(transform = those_of_a_link_too)]
pub enum FaultKind {
    /// Stopped (SIGTERM, and SIGKILL after the grace), later started.
    Stop {
        /// Milliseconds from SIGTERM to SIGKILL.
        grace_ms: u64,
    },
    /// Killed (SIGKILL), later started.
    Kill,
    /// Killed and started several times in a row.
    Rapid {
        /// How many restarts, 2 to 8.
        restarts: u32,
        /// Milliseconds from one start to the next kill.
        gap_ms: u64,
    },
    /// Frozen (SIGSTOP or the cgroup freezer), later thawed. Connections stay open, but nothing
    /// answers.
    Pause,
    /// Cut off from the network, later connected again.
    Cut,
    /// Nothing is done to the backend itself, but to the network between the API and it.
    #[serde(skip)]
    Link(LinkFault),
}

/// Adds the link's faults to the schema, from which `skip` leaves them out.
fn those_of_a_link_too(schema: &mut Schema) {
    let inline = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let own = inline.into_generator().into_root_schema_for::<LinkFault>();
    let own = own.get("oneOf").and_then(Value::as_array);
    if let (Some(all), Some(own)) = (schema.get_mut("oneOf").and_then(Value::as_array_mut), own) {
        all.extend(own.iter().cloned());
    }
}

// serde's own fallback for an untagged variant would hide what is wrong with a known kind, such as
// a missing number.
impl Serialize for FaultKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FaultKind::Link(fault) => fault.serialize(serializer),
            own => FaultKind::serialize(own, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FaultKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        let kind = fields.get("kind").and_then(Value::as_str);
        let is_of_link = kind.is_some_and(|kind| LinkFaultName::named(kind).is_some());
        let fields = Value::Object(fields);
        match is_of_link {
            true => LinkFault::deserialize(fields).map(FaultKind::Link),
            false => FaultKind::deserialize(fields),
        }
        .map_err(D::Error::custom)
    }
}

impl FaultKind {
    /// Whether connections that it has struck stay dead when it is undone, so that each may cost
    /// the API a request until it is given up.
    pub fn leaves_dead_connections(&self) -> bool {
        matches!(
            self,
            FaultKind::Link(LinkFault::Reset | LinkFault::HalfOpen | LinkFault::IdleClose { .. })
        )
    }
}

/// One elementary act on a service. A fault is a short sequence of acts, the last of which undoes
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Send SIGTERM, and SIGKILL after the grace.
    Stop {
        /// Milliseconds from SIGTERM to SIGKILL.
        grace_ms: u64,
    },
    /// Send SIGKILL.
    Kill,
    /// Start what is not running.
    Start,
    /// Freeze.
    Pause,
    /// Thaw.
    Unpause,
    /// Cut off from the network.
    Cut,
    /// Connect to the network again.
    Join,
    /// Have the link do this to the connections.
    Disturb(LinkFault),
    /// Have the link forward plainly again.
    Lift,
}

impl Act {
    /// The grace of a `Stop` as a duration; zero for every other act.
    pub fn grace(&self) -> Duration {
        match self {
            Act::Stop { grace_ms } => Duration::from_millis(*grace_ms),
            _ => Duration::ZERO,
        }
    }

    /// Whether it harms the service. The other acts undo harm.
    pub fn is_harm(&self) -> bool {
        !matches!(self, Act::Start | Act::Unpause | Act::Join | Act::Lift)
    }

    /// Whether the link does it. The link undoes it by itself when this process is gone.
    pub fn is_of_link(&self) -> bool {
        matches!(self, Act::Disturb(_) | Act::Lift)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Disturb(fault) => fault.name(),
            Act::Lift => "lift",
            Act::Stop { .. } => "stop",
            Act::Kill => "kill",
            Act::Start => "start",
            Act::Pause => "pause",
            Act::Unpause => "unpause",
            Act::Cut => "cut off",
            Act::Join => "join",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            backend,
            kind,
            outage_ms,
        } = self;
        match kind {
            FaultKind::Stop { grace_ms } => write!(
                f,
                "stop {backend} (grace {grace_ms} ms), start it after {outage_ms} ms"
            ),
            FaultKind::Kill => write!(f, "kill {backend}, start it after {outage_ms} ms"),
            FaultKind::Rapid { restarts, gap_ms } => write!(
                f,
                "kill and start {backend} {restarts} times, {outage_ms} ms down and {gap_ms} ms up"
            ),
            FaultKind::Pause => write!(f, "freeze {backend} for {outage_ms} ms"),
            FaultKind::Cut => write!(f, "cut {backend} off for {outage_ms} ms"),
            FaultKind::Link(fault) => {
                let time = duration_ms(*outage_ms);
                write!(f, "on the link to {backend}: {fault}, for {time}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::FaultName;

    #[test]
    fn a_fault_of_a_link_looks_like_any_other_and_is_read_back() {
        let slow = LinkFault::Slow {
            latency_ms: 40,
            rate_kib_s: Some(8),
        };
        let fault = Fault {
            backend: "db".to_owned(),
            kind: FaultKind::Link(slow),
            outage_ms: 2_000,
        };
        let text = json!(fault);
        let expected = json!({"backend": "db", "kind": "slow", "latency_ms": 40, "rate_kib_s": 8,
            "outage_ms": 2_000});
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_value::<Fault>(text).unwrap(), fault);
        assert_eq!(
            fault.to_string(),
            "on the link to db: delay everything by 40 ms and limit it to 8 KiB/s, for 2 s"
        );
        let act = Act::Disturb(slow);
        assert_eq!(serde_json::from_value::<Act>(json!(act)).unwrap(), act);
        assert!(act.is_harm() && !Act::Lift.is_harm());
    }

    #[test]
    fn what_is_wrong_with_a_fault_is_named() {
        let error = |fault| {
            serde_json::from_value::<FaultKind>(fault)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(json!({"kind": "stop"})), "missing field `grace_ms`");
        assert_eq!(error(json!({"kind": "trickle"})), "missing field `gap_ms`");
        assert!(error(json!({"kind": "melt"})).contains("unknown variant `melt`"));
    }

    #[test]
    fn every_fault_has_another_name() {
        let mut names = Vec::from_iter(FaultName::all().map(FaultName::name));
        assert!(FaultName::all().all(|name| FaultName::named(name.name()) == Some(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 15);
    }
}
