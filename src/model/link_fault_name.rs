//! A link's faults by name.

use std::fmt;

use super::LinkFault;

/// A [`LinkFault`] without its numbers, as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFaultName {
    /// [`LinkFault::Reset`].
    Reset,
    /// [`LinkFault::Refuse`].
    Refuse,
    /// [`LinkFault::AcceptClose`].
    AcceptClose,
    /// [`LinkFault::HalfOpen`].
    HalfOpen,
    /// [`LinkFault::BlackHole`].
    BlackHole,
    /// [`LinkFault::OneWay`].
    OneWay,
    /// [`LinkFault::IdleClose`].
    IdleClose,
    /// [`LinkFault::Truncate`].
    Truncate,
    /// [`LinkFault::Slow`].
    Slow,
    /// [`LinkFault::Trickle`].
    Trickle,
}

impl LinkFaultName {
    /// Every kind, the simplest first.
    pub const ALL: [LinkFaultName; 10] = [
        LinkFaultName::Reset,
        LinkFaultName::Refuse,
        LinkFaultName::AcceptClose,
        LinkFaultName::HalfOpen,
        LinkFaultName::BlackHole,
        LinkFaultName::OneWay,
        LinkFaultName::IdleClose,
        LinkFaultName::Truncate,
        LinkFaultName::Slow,
        LinkFaultName::Trickle,
    ];

    /// The name of a fault.
    pub fn of(fault: &LinkFault) -> Self {
        match fault {
            LinkFault::Refuse => LinkFaultName::Refuse,
            LinkFault::Reset => LinkFaultName::Reset,
            LinkFault::HalfOpen => LinkFaultName::HalfOpen,
            LinkFault::BlackHole => LinkFaultName::BlackHole,
            LinkFault::OneWay { .. } => LinkFaultName::OneWay,
            LinkFault::AcceptClose => LinkFaultName::AcceptClose,
            LinkFault::Slow { .. } => LinkFaultName::Slow,
            LinkFault::Trickle { .. } => LinkFaultName::Trickle,
            LinkFault::Truncate { .. } => LinkFaultName::Truncate,
            LinkFault::IdleClose { .. } => LinkFaultName::IdleClose,
        }
    }

    /// The kind with this name, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        let mut all = LinkFaultName::ALL.into_iter();
        all.find(|name| name.name() == text)
    }

    /// The name, as in a signature and in the configuration's `faults`.
    pub fn name(self) -> &'static str {
        match self {
            LinkFaultName::Refuse => "refuse",
            LinkFaultName::Reset => "reset",
            LinkFaultName::HalfOpen => "half-open",
            LinkFaultName::BlackHole => "black-hole",
            LinkFaultName::OneWay => "one-way",
            LinkFaultName::AcceptClose => "accept-close",
            LinkFaultName::Slow => "slow",
            LinkFaultName::Trickle => "trickle",
            LinkFaultName::Truncate => "truncate",
            LinkFaultName::IdleClose => "idle-close",
        }
    }

    /// Its place in [`ALL`](Self::ALL): how hard it is to understand beside the others.
    pub fn complexity(self) -> u64 {
        let mut all = LinkFaultName::ALL.into_iter();
        all.position(|name| name == self).unwrap_or(0) as u64
    }

    /// What several of these faults are called, after their number: "2 resets of the connections
    /// to".
    pub(super) fn plural(self) -> &'static str {
        match self {
            LinkFaultName::Reset => "resets of the connections to",
            LinkFaultName::Refuse => "refusals of new connections to",
            LinkFaultName::AcceptClose => "times of closing each new connection to",
            LinkFaultName::HalfOpen => "silences of the open connections to",
            LinkFaultName::BlackHole => "total silences on the way to",
            LinkFaultName::OneWay => "one-way silences on the way to",
            LinkFaultName::IdleClose => "times of forgetting idle connections to",
            LinkFaultName::Truncate => "times of cutting off replies of",
            LinkFaultName::Slow => "slow times on the way to",
            LinkFaultName::Trickle => "trickles of replies of",
        }
    }
}

impl fmt::Display for LinkFaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Direction;

    #[test]
    fn a_fault_and_its_name_are_called_the_same_and_serde_calls_them_so() {
        let faults = [
            LinkFault::Refuse,
            LinkFault::Reset,
            LinkFault::HalfOpen,
            LinkFault::BlackHole,
            LinkFault::OneWay {
                silent: Direction::ToBackend,
            },
            LinkFault::AcceptClose,
            LinkFault::Slow {
                latency_ms: 1,
                rate_kib_s: None,
            },
            LinkFault::Trickle { gap_ms: 1 },
            LinkFault::Truncate { after_bytes: 1 },
            LinkFault::IdleClose { idle_ms: 1 },
        ];
        for fault in faults {
            let name = LinkFaultName::of(&fault);
            assert_eq!(name.name(), fault.name());
            assert_eq!(LinkFaultName::named(name.name()), Some(name));
            assert_eq!(serde_json::json!(fault)["kind"], name.name());
        }
    }
}
