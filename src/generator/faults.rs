//! Faults: which backend, which kind, how long.

use std::fmt;
use std::str::FromStr;

use proptest::prelude::*;

use super::space::BackendSpace;
use super::{Space, draws};
use crate::model::{Fault, FaultKind};

/// How many restarts a `rapid` may have.
pub(super) const RESTARTS: std::ops::RangeInclusive<u32> = 2..=8;

/// How likely a gap or a grace is none at all.
const NO_DELAY: f64 = 0.2;

/// A kind of fault without its numbers, as the configuration allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultName {
    /// Asked to end, killed after a grace, later started.
    Stop,
    /// Killed, later started.
    Kill,
    /// Killed and started several times in a row.
    Rapid,
    /// Frozen, later thawed.
    Pause,
    /// Cut off from the network, later joined again.
    Cut,
}

/// There is no such kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kind of fault is called `{0}`; there are stop, kill, rapid, pause and cut")]
pub struct UnknownFault(pub String);

impl FaultName {
    /// Every kind.
    pub const ALL: [FaultName; 5] = [
        FaultName::Stop,
        FaultName::Kill,
        FaultName::Rapid,
        FaultName::Pause,
        FaultName::Cut,
    ];

    /// The kind's name, the same as [`FaultKind::name`].
    pub fn name(self) -> &'static str {
        match self {
            FaultName::Stop => "stop",
            FaultName::Kill => "kill",
            FaultName::Rapid => "rapid",
            FaultName::Pause => "pause",
            FaultName::Cut => "cut",
        }
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FaultName {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let found = FaultName::ALL.into_iter().find(|name| name.name() == text);
        found.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

/// Any fault of the space.
pub(super) fn fault(space: &Space) -> impl Strategy<Value = Fault> + use<> {
    let bounds = &space.bounds;
    let (shortest, longest) = (*bounds.outage_ms.start(), *bounds.outage_ms.end());
    let delay = |most| draws::zero_or_whole(NO_DELAY, most);
    let which = prop::sample::select(space.backends.clone());
    let numbers = (
        any::<prop::sample::Index>(),
        RESTARTS,
        delay(bounds.max_gap_ms),
        delay(bounds.max_grace_ms),
        draws::place(),
    );
    (which, numbers).prop_map(
        move |(backend, (kind, restarts, gap_ms, grace_ms, place))| {
            let BackendSpace { name, faults } = backend;
            let kind = match kind.get(&faults) {
                FaultName::Stop => FaultKind::Stop { grace_ms },
                FaultName::Kill => FaultKind::Kill,
                FaultName::Rapid => FaultKind::Rapid { restarts, gap_ms },
                FaultName::Pause => FaultKind::Pause,
                FaultName::Cut => FaultKind::Cut,
            };
            // Restarts are rapid only if all of them together take no longer than another fault.
            let longest = match kind {
                FaultKind::Rapid { restarts, .. } => (longest / u64::from(restarts)).max(shortest),
                _ => longest,
            };
            Fault {
                backend: name,
                kind,
                outage_ms: draws::whole_at(place, shortest, longest),
            }
        },
    )
}
