//! Load: bursts and background load.

use proptest::prelude::*;

use super::{Space, draws};
use crate::model::{Background, Burst, Mix, Pace};

/// The probability that the senders of a closed loop do not pause.
const NO_THINKING: f64 = 0.6;

/// Any burst of the space.
pub(super) fn burst(space: &Space) -> impl Strategy<Value = Burst> + use<> {
    let bounds = &space.bounds;
    let count = draws::count(&bounds.requests);
    let concurrency = draws::count(&bounds.concurrency);
    (count, concurrency, pace(space), mix(space)).prop_map(|(count, concurrency, pace, mix)| {
        // A plan must not show more senders than requests, nor a pause that no sender makes.
        let concurrency = concurrency.min(count);
        let pace = match pace {
            Pace::Closed { .. } if concurrency == count => Pace::Closed { think_ms: 0 },
            pace => pace,
        };
        Burst {
            count,
            concurrency,
            pace,
            mix,
        }
    })
}

/// Steady load.
pub(super) fn background(space: &Space) -> impl Strategy<Value = Background> + use<> {
    let bounds = &space.bounds;
    (draws::rate(&bounds.background_rate_per_s), mix(space))
        .prop_map(|(rate_per_s, mix)| Background { rate_per_s, mix })
}

fn pace(space: &Space) -> impl Strategy<Value = Pace> + use<> {
    let bounds = &space.bounds;
    prop_oneof![
        2 => draws::zero_or_whole(NO_THINKING, bounds.max_think_ms)
            .prop_map(|think_ms| Pace::Closed { think_ms }),
        1 => draws::rate(&bounds.rate_per_s).prop_map(|rate_per_s| Pace::Open { rate_per_s }),
    ]
}

/// All kinds by their weights, or a single kind: the kinds may take different paths through an API,
/// which fail differently.
fn mix(space: &Space) -> impl Strategy<Value = Mix> + use<> {
    let all = space.all_kinds();
    let alone = all.keys().map(|kind| Mix::from([(kind.clone(), 1)]));
    let alone: Vec<Mix> = alone.collect();
    prop_oneof![
        2 => Just(all),
        1 => prop::sample::select(alone),
    ]
}
