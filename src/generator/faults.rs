//! Faults: which backend, which kind, how long.

use std::ops::RangeInclusive;

use proptest::prelude::*;
use proptest::sample::Index;

use super::space::BackendSpace;
use super::{Space, draws, link_faults};
use crate::model::{Fault, FaultKind, FaultName, LinkFaultName};

/// How many restarts a `rapid` may have.
pub(super) const RESTARTS: RangeInclusive<u32> = 2..=8;

/// The probability that a gap or a grace is zero.
const NO_DELAY: f64 = 0.2;

/// How long an outage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Any time.
    Any,
    /// As [`Length::Any`], but a freeze or a cut lasts longer than a limit: without requests, a
    /// short one has no effect.
    Felt,
    /// A little longer than a limit.
    Beyond,
}

/// The probability that an outage of any length is a little longer than one of the stack's limits.
const AT_SCALE: f64 = 0.3;

/// The probability that this limit is the recovery's and not the answer's.
const OF_RECOVERY: f64 = 0.25;

/// The length of such an outage, as a multiple of the limit.
const FACTOR: RangeInclusive<f64> = 1.05..=1.6;

/// Any fault of the space.
pub(super) fn fault(space: &Space) -> impl Strategy<Value = Fault> + use<> {
    of_length(space, Length::Any)
}

/// A fault that has an effect even if no request meets it.
pub(super) fn felt(space: &Space) -> impl Strategy<Value = Fault> + use<> {
    of_length(space, Length::Felt)
}

/// A fault that lasts a little longer than a limit of the stack, if the bounds allow that.
pub(super) fn beyond_limits(space: &Space) -> impl Strategy<Value = Fault> + use<> {
    of_length(space, Length::Beyond)
}

fn of_length(space: &Space, length: Length) -> impl Strategy<Value = Fault> + use<> {
    let bounds = &space.bounds;
    let (shortest, longest) = (*bounds.outage_ms.start(), *bounds.outage_ms.end());
    let delay = |most| draws::zero_or_whole(NO_DELAY, most);
    let which = prop::sample::select(space.backends.clone());
    let numbers = (
        any::<Index>(),
        RESTARTS,
        delay(bounds.max_gap_ms),
        delay(bounds.max_grace_ms),
        draws::place(),
    );
    let scale = (
        prop::bool::weighted(AT_SCALE),
        prop::bool::weighted(OF_RECOVERY),
        FACTOR,
    );
    let limits = space.limits.clone();
    let of_link = link_faults::numbers(space.has_links());
    (which, numbers, scale, of_link).prop_map(
        move |(backend, (kind, restarts, gap_ms, grace_ms, place), scale, of_link)| {
            let BackendSpace { name, faults } = backend;
            let mut kind = match *kind.get(&faults) {
                FaultName::Stop => FaultKind::Stop { grace_ms },
                FaultName::Kill => FaultKind::Kill,
                FaultName::Rapid => FaultKind::Rapid { restarts, gap_ms },
                FaultName::Pause => FaultKind::Pause,
                FaultName::Cut => FaultKind::Cut,
                FaultName::Link(name) => FaultKind::Link(of_link.fault(name, longest)),
            };
            let is_silent = link_faults::is_silent(&kind);
            let (is_at_scale, is_of_recovery, factor) = scale;
            let is_at_scale = match length {
                Length::Any => is_at_scale,
                Length::Felt => is_at_scale || is_silent,
                Length::Beyond => true,
            };
            let outage_ms = match kind {
                // Restarts are rapid only if all of them together take no longer than another
                // fault.
                FaultKind::Rapid { restarts, .. } => {
                    let longest = (longest / u64::from(restarts)).max(shortest);
                    draws::whole_at(place, shortest, longest)
                }
                _ if is_at_scale => {
                    let beyond = |limit_ms: u64| (limit_ms as f64 * factor) as u64;
                    let recovery_ms = beyond(limits.recovery_ms);
                    let chosen = match is_of_recovery && recovery_ms <= longest {
                        true => recovery_ms,
                        false => beyond(limits.answer_ms),
                    };
                    chosen.clamp(shortest, longest)
                }
                _ => draws::whole_at(place, shortest, longest),
            };
            if let FaultKind::Link(fault) = &mut kind {
                *fault = of_link.fault(LinkFaultName::of(fault), outage_ms);
            }
            Fault {
                backend: name,
                kind,
                outage_ms,
            }
        },
    )
}
