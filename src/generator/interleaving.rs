//! Whole plans: drafts put in order, named and anchored.

use std::iter::{once, repeat};
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::anchors::{Event, Time, Wish, wish};
use super::{Space, budget, bursts, draws, faults};
use crate::model::{Action, Edge, Plan, Step, StepId, Wait};

/// How often a fault is repeated that is done again and again. Three losses are what the rarer bugs ask for.
const OUTAGES: RangeInclusive<usize> = 3..=4;

/// All plans of a space. Every one of them has a fault, most have a burst that overlaps one, and each fits the space
/// ([`Space::fits`]). As a proptest strategy for tests take `comeback::strategy::plans`, which draws the same and shrinks by comeback's own
/// passes.
pub fn plans(space: &Space) -> impl Strategy<Value = Plan> + use<> {
    let steps = &space.bounds.steps;
    let drafts = vec(
        draft(space),
        *steps.start() as usize..=*steps.end() as usize,
    );
    let bounds = space.bounds.clone();
    let parts = (
        any::<u64>(),
        bursts::background(space),
        drafts,
        heart(space),
        any::<Index>(),
    );
    parts.prop_map(move |(seed, background, mut drafts, heart, place)| {
        implant(&mut drafts, heart, place);
        let mut steps = assemble(drafts);
        budget::shorten(&mut steps, &bounds);
        Plan {
            seed,
            index: 0,
            background,
            steps,
        }
    })
}

/// A step before the others are known.
#[derive(Debug, Clone)]
struct Draft {
    action: Action,
    wish: Wish,
}

fn draft(space: &Space) -> impl Strategy<Value = Draft> + use<> {
    let wait = draws::whole(&(1..=space.bounds.max_wait_ms));
    let action = prop_oneof![
        5 => bursts::burst(space).prop_map(Action::Burst),
        4 => faults::fault(space).prop_map(Action::Fault),
        1 => wait.prop_map(|wait_ms| Action::Wait(Wait { wait_ms })),
    ];
    (action, wish(space)).prop_map(|(action, wish)| Draft { action, wish })
}

/// What every plan is drawn around: a fault that strikes a burst, a burst sent into an outage, (for what
/// shows only on an idle stack) a fault anywhere, or (for what adds up) the same fault again and again.
fn heart(space: &Space) -> impl Strategy<Value = Vec<Draft>> + use<> {
    // The API is to be back before the next outage; what strikes while it is not, the other hearts have.
    let settling = space.bounds.max_offset_ms / 2..=space.bounds.max_offset_ms;
    let parts = || {
        let fault = faults::fault(space);
        (fault, bursts::burst(space), wish(space), wish(space))
    };
    prop_oneof![
        3 => parts().prop_map(|(fault, burst, first, second)| vec![
            Draft { action: Action::Burst(burst), wish: first },
            Draft {
                action: Action::Fault(fault),
                wish: Wish { event: Some(Event::InFlight), target: None, ..second },
            },
        ]),
        2 => parts().prop_map(|(fault, burst, first, second)| {
            // A burst that starts later would miss the outage.
            let offset_ms = second.offset_ms.min(fault.outage_ms);
            let time = Time::Step(Edge::Start);
            vec![
                Draft { action: Action::Fault(fault), wish: first },
                Draft {
                    action: Action::Burst(burst),
                    wish: Wish { event: None, time, target: None, offset_ms, ..second },
                },
            ]
        }),
        1 => parts().prop_map(|(fault, _, wish, _)| vec![
            Draft { action: Action::Fault(fault), wish },
        ]),
        1 => (parts(), OUTAGES, settling).prop_map(|((fault, _, first, second), outages, offset_ms)| {
            let again = Wish { event: Some(Event::Ready), target: None, offset_ms, ..second };
            let wishes = once(first).chain(repeat(again));
            let draft = |wish| Draft { action: Action::Fault(fault.clone()), wish };
            wishes.map(draft).take(outages).collect()
        }),
    ]
}

/// Puts the heart in the place of as many drafts, or as much of it as there is room for: its faults first.
fn implant(drafts: &mut Vec<Draft>, mut heart: Vec<Draft>, place: Index) {
    if heart.len() > drafts.len() {
        heart.retain(|draft| matches!(draft.action, Action::Fault(_)));
        heart.truncate(drafts.len());
    }
    let start = place.index(drafts.len() - heart.len() + 1);
    drafts.splice(start..start + heart.len(), heart);
}

/// Names the steps by what they do and their order, and grants their wishes.
fn assemble(drafts: Vec<Draft>) -> Vec<Step> {
    let (mut bursts, mut faults, mut waits) = (0, 0, 0);
    let mut steps = Vec::with_capacity(drafts.len());
    for Draft { action, wish } in drafts {
        let (letter, number) = match &action {
            Action::Burst(_) => ('b', &mut bursts),
            Action::Fault(_) => ('f', &mut faults),
            Action::Wait(_) => ('w', &mut waits),
        };
        *number += 1;
        let id = StepId(format!("{letter}{number}"));
        let anchor = wish.grant(&steps);
        steps.push(Step { id, anchor, action });
    }
    steps
}
