//! The numbers of a link's faults.

use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::draws;
use crate::model::{Direction, FaultKind, LinkFault, LinkFaultName};

/// Milliseconds that `slow` adds each way.
pub(super) const LATENCY_MS: RangeInclusive<u64> = 10..=5_000;

/// KiB per second that `slow` lets through.
pub(super) const RATE_KIB_S: RangeInclusive<u64> = 1..=1_000;

/// Milliseconds from byte to byte of a `trickle`.
pub(super) const BYTE_GAP_MS: RangeInclusive<u64> = 5..=2_000;

/// Bytes after which `truncate` cuts. Small answers are cut, too: 1 is as likely as 10 to 100.
pub(super) const AFTER_BYTES: RangeInclusive<u64> = 1..=10_000;

/// Milliseconds after which `idle-close` forgets a connection.
pub(super) const IDLE_MS: RangeInclusive<u64> = 50..=30_000;

/// The probability that `slow` also limits the rate.
const LIMITS_RATE: f64 = 0.4;

/// What is drawn for any fault of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkNumbers {
    place: f64,
    rate_place: f64,
    limits_rate: bool,
    to_backend: bool,
}

/// Numbers for any fault of a link. Where there is no link, none are drawn: the plans of a stack
/// without links are the same as they were before there were links.
pub(super) fn numbers(has_links: bool) -> BoxedStrategy<LinkNumbers> {
    if !has_links {
        let none = LinkNumbers {
            place: 0.0,
            rate_place: 0.0,
            limits_rate: false,
            to_backend: false,
        };
        return Just(none).boxed();
    }
    let parts = (
        draws::place(),
        draws::place(),
        prop::bool::weighted(LIMITS_RATE),
        any::<bool>(),
    );
    parts
        .prop_map(|(place, rate_place, limits_rate, to_backend)| LinkNumbers {
            place,
            rate_place,
            limits_rate,
            to_backend,
        })
        .boxed()
}

impl LinkNumbers {
    /// The fault of this name. Connections are forgotten while it lasts, so `outage_ms` bounds the
    /// idle time.
    pub(super) fn fault(self, name: LinkFaultName, outage_ms: u64) -> LinkFault {
        let at = |range: RangeInclusive<u64>| {
            let (least, most) = range.into_inner();
            draws::whole_at(self.place, least, most)
        };
        match name {
            LinkFaultName::Refuse => LinkFault::Refuse,
            LinkFaultName::Reset => LinkFault::Reset,
            LinkFaultName::HalfOpen => LinkFault::HalfOpen,
            LinkFaultName::BlackHole => LinkFault::BlackHole,
            LinkFaultName::AcceptClose => LinkFault::AcceptClose,
            LinkFaultName::OneWay => LinkFault::OneWay {
                silent: match self.to_backend {
                    true => Direction::ToBackend,
                    false => Direction::FromBackend,
                },
            },
            LinkFaultName::Slow => LinkFault::Slow {
                latency_ms: at(LATENCY_MS),
                rate_kib_s: self.limits_rate.then(|| {
                    draws::whole_at(self.rate_place, *RATE_KIB_S.start(), *RATE_KIB_S.end())
                }),
            },
            LinkFaultName::Trickle => LinkFault::Trickle {
                gap_ms: at(BYTE_GAP_MS),
            },
            LinkFaultName::Truncate => LinkFault::Truncate {
                after_bytes: at(AFTER_BYTES),
            },
            LinkFaultName::IdleClose => {
                let (least, most) = IDLE_MS.into_inner();
                LinkFault::IdleClose {
                    idle_ms: at(least..=most.min(outage_ms).max(least)),
                }
            }
        }
    }
}

/// The fault of this name in the opening, with numbers that most clients feel.
pub(super) fn opening(name: LinkFaultName) -> LinkFault {
    match name {
        LinkFaultName::Refuse => LinkFault::Refuse,
        LinkFaultName::Reset => LinkFault::Reset,
        LinkFaultName::HalfOpen => LinkFault::HalfOpen,
        LinkFaultName::BlackHole => LinkFault::BlackHole,
        LinkFaultName::AcceptClose => LinkFault::AcceptClose,
        LinkFaultName::OneWay => LinkFault::OneWay {
            silent: Direction::FromBackend,
        },
        LinkFaultName::Slow => LinkFault::Slow {
            latency_ms: 500,
            rate_kib_s: None,
        },
        LinkFaultName::Trickle => LinkFault::Trickle { gap_ms: 1_000 },
        LinkFaultName::Truncate => LinkFault::Truncate { after_bytes: 1 },
        LinkFaultName::IdleClose => LinkFault::IdleClose { idle_ms: 500 },
    }
}

/// Whether a fault shows only if it lasts longer than an answer may take, like a freeze.
pub(super) fn is_silent(kind: &FaultKind) -> bool {
    match kind {
        FaultKind::Pause | FaultKind::Cut => true,
        FaultKind::Link(fault) => matches!(
            fault,
            LinkFault::BlackHole | LinkFault::OneWay { .. } | LinkFault::HalfOpen
        ),
        FaultKind::Stop { .. } | FaultKind::Kill | FaultKind::Rapid { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::generator::{BackendSpace, Bounds, Space, plan};
    use crate::model::{FaultName, Mix, Plan};

    fn space(faults: Vec<FaultName>) -> Space {
        let backend = BackendSpace {
            name: "db".to_owned(),
            faults,
        };
        let kinds = Mix::from([("read".to_owned(), 1)]);
        Space::new(vec![backend], kinds, vec![], Bounds::default()).unwrap()
    }

    fn drawn(space: &Space, plans: u64) -> BTreeSet<&'static str> {
        let plans: Vec<Plan> = (0..plans).map(|index| plan(space, 1, index)).collect();
        for plan in &plans {
            assert_eq!(space.fits(plan), Ok(()), "{plan}");
            let text = serde_json::to_string(plan).unwrap();
            assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), *plan);
        }
        let faults = plans.iter().flat_map(Plan::faults);
        faults.map(|(_, fault)| fault.kind.name()).collect()
    }

    #[test]
    fn a_linked_backend_draws_every_fault_and_its_plans_are_read_back() {
        let space = space(FaultName::all().collect());
        assert_eq!(drawn(&space, 300).len(), FaultName::all().count());
    }

    #[test]
    fn the_opening_tries_each_fault_of_a_link_first() {
        for name in LinkFaultName::ALL {
            let space = space(vec![FaultName::Link(name)]);
            assert_eq!(drawn(&space, 1), BTreeSet::from([name.name()]));
            assert!(space.opening_count() >= 1, "{name}");
        }
    }

    #[test]
    fn no_connection_is_idle_for_longer_than_the_fault_lasts_where_that_can_be() {
        let numbers = LinkNumbers {
            place: 1.0,
            rate_place: 0.0,
            limits_rate: true,
            to_backend: true,
        };
        let fault = |outage_ms| numbers.fault(LinkFaultName::IdleClose, outage_ms);
        assert_eq!(fault(700), LinkFault::IdleClose { idle_ms: 700 });
        assert_eq!(fault(1), LinkFault::IdleClose { idle_ms: 50 });
    }
}
