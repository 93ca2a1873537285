//! Whole plans: groups of drafts, ordered, named and anchored.

use std::iter::{once, repeat};
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::anchors::{AnchorDraft, EventAnchor, TimeAnchor, anchor_draft};
use super::jobs::JobKinds;
use super::{Space, budget, bursts, draws, faults};
use crate::model::{Action, Anchor, Edge, Fault, Plan, Step, StepId, Wait};

/// How often a repeated fault is done. The rarer bugs need three outages.
const OUTAGES: RangeInclusive<usize> = 3..=4;

/// The probability of steady load in a plan with an outage that no burst meets.
const COVERED: f64 = 0.85;

/// All plans of a space. Each of them fits the space ([`Space::fits`]) and has a fault; in most,
/// load meets every outage. For proptest use `comeback::strategy::plans`, which draws the same
/// plans and shrinks them by comeback's own passes.
pub fn plans(space: &Space) -> impl Strategy<Value = Plan> + use<> {
    let bounds = space.bounds.clone();
    let counts = *bounds.steps.start() as usize..=*bounds.steps.end() as usize;
    let groups = vec(group(space), counts);
    let (answer_ms, jobs) = (space.limits.answer_ms, space.jobs.clone());
    let parts = (
        any::<u64>(),
        (bursts::background(space), 0.0..1.0),
        groups,
        core(space),
        any::<Index>(),
    );
    parts.prop_map(move |(seed, (load, share), groups, core, place)| {
        // Each group has at least one draft, so there are enough.
        let count = groups.len();
        let mut drafts: Vec<Draft> = groups.into_iter().flatten().collect();
        drafts.truncate(count);
        let Core {
            drafts: mut core_drafts,
            is_steady,
        } = core;
        // The core's first step must not wait for an event that may never come: most log lines
        // follow a fault, and a plan whose only fault waits for one does nothing.
        if let Some(first) = core_drafts.first_mut() {
            first.anchor.event = None;
            first.anchor.time = TimeAnchor::Plan;
        }
        place_core(&mut drafts, core_drafts, place);
        let mut steps = assemble(drafts, &jobs);
        budget::shorten(&mut steps, &bounds, answer_ms);
        let is_bare = steps.iter().any(|step| is_unmet(step, &steps));
        // A share of 0 in the configuration means no steady load at all.
        let wanted = match bounds.background > 0.0 {
            true if is_steady => 1.0,
            true if is_bare => bounds.background.max(COVERED),
            _ => bounds.background,
        };
        Plan {
            seed,
            index: 0,
            background: (share < wanted).then_some(load),
            steps,
        }
    })
}

/// A step whose anchor is still a draft.
#[derive(Debug, Clone)]
struct Draft {
    action: Action,
    anchor: AnchorDraft,
}

/// The part that a plan is drawn around.
#[derive(Debug, Clone)]
struct Core {
    drafts: Vec<Draft>,
    /// Whether it needs steady load.
    is_steady: bool,
}

/// Steps that belong together: mostly a fault and its load.
fn group(space: &Space) -> impl Strategy<Value = Vec<Draft>> + use<> {
    let wait = draws::whole(&(1..=space.bounds.max_wait_ms));
    let wait = wait.prop_map(|wait_ms| Action::Wait(Wait { wait_ms }));
    let burst = bursts::burst(space).prop_map(Action::Burst);
    let alone = |action: BoxedStrategy<Action>| {
        (action, anchor_draft(space)).prop_map(|(action, anchor)| vec![Draft { action, anchor }])
    };
    let fault = faults::felt(space).prop_map(Action::Fault);
    prop_oneof![
        5 => alone(burst.boxed()),
        2 => struck(space),
        1 => met(space),
        1 => alone(fault.boxed()),
        1 => alone(wait.boxed()),
    ]
}

/// A burst, and a fault that strikes it.
fn struck(space: &Space) -> impl Strategy<Value = Vec<Draft>> + use<> {
    parts(faults::fault(space), space)
        .prop_map(|(fault, burst, first, second)| strike(fault, burst, first, second))
}

fn strike(fault: Fault, burst: Action, first: AnchorDraft, second: AnchorDraft) -> Vec<Draft> {
    let fault = Draft {
        action: Action::Fault(fault),
        anchor: AnchorDraft {
            event: Some(EventAnchor::Burst),
            target: None,
            ..second
        },
    };
    let burst = Draft {
        action: burst,
        anchor: first,
    };
    vec![burst, fault]
}

/// A fault, and a burst that is sent during its outage.
fn met(space: &Space) -> impl Strategy<Value = Vec<Draft>> + use<> {
    parts(faults::fault(space), space).prop_map(|(fault, burst, first, second)| {
        let burst = Draft {
            action: burst,
            anchor: AnchorDraft {
                event: None,
                time: TimeAnchor::Step(Edge::Start),
                target: None,
                // A burst that starts later would miss the outage.
                offset_ms: second.offset_ms.min(fault.outage_ms),
                ..second
            },
        };
        let fault = Draft {
            action: Action::Fault(fault),
            anchor: first,
        };
        vec![fault, burst]
    })
}

fn parts<F: Strategy<Value = Fault>>(
    fault: F,
    space: &Space,
) -> impl Strategy<Value = (Fault, Action, AnchorDraft, AnchorDraft)> + use<F> {
    let burst = bursts::burst(space).prop_map(Action::Burst);
    (fault, burst, anchor_draft(space), anchor_draft(space))
}

/// The part that a plan is drawn around:
///
/// - a fault that strikes a burst, or a burst sent during an outage;
/// - a fault longer than the stack's limits under steady load, for bugs that need load at the
///   beginning and at the end of an outage;
/// - a fault anywhere, for bugs of an idle stack;
/// - the same fault several times, for effects that add up.
fn core(space: &Space) -> impl Strategy<Value = Core> + use<> {
    // Here the API should be back before the next outage. The other cores strike it earlier.
    let settling = space.bounds.max_offset_ms / 2..=space.bounds.max_offset_ms;
    let core = |is_steady| move |drafts| Core { drafts, is_steady };
    let lasting = parts(faults::beyond_limits(space), space);
    let lasting = lasting.prop_map(|(fault, burst, first, second)| {
        let second = AnchorDraft {
            offset_ms: 0,
            ..second
        };
        strike(fault, burst, first, second)
    });
    let idle = (faults::felt(space), anchor_draft(space)).prop_map(|(fault, anchor)| {
        let action = Action::Fault(fault);
        vec![Draft { action, anchor }]
    });
    let again = (
        faults::felt(space),
        anchor_draft(space),
        anchor_draft(space),
        OUTAGES,
        settling,
    );
    let again = again.prop_map(|(fault, first, second, outages, offset_ms)| {
        let again = AnchorDraft {
            event: Some(EventAnchor::Ready),
            target: None,
            offset_ms,
            ..second
        };
        let anchors = once(first).chain(repeat(again));
        let draft = |anchor| Draft {
            action: Action::Fault(fault.clone()),
            anchor,
        };
        anchors.map(draft).take(outages).collect()
    });
    prop_oneof![
        3 => struck(space).prop_map(core(false)),
        2 => met(space).prop_map(core(false)),
        2 => lasting.prop_map(core(true)),
        1 => idle.prop_map(core(false)),
        1 => again.prop_map(core(false)),
    ]
}

/// Whether a step is a fault whose outage may meet no burst.
fn is_unmet(step: &Step, steps: &[Step]) -> bool {
    let Action::Fault(fault) = &step.action else {
        return false;
    };
    let strikes = step.anchor.nth().is_some();
    let is_sent_into = |other: &Step| match (&other.action, &other.anchor) {
        (
            Action::Burst(_),
            Anchor::After {
                step: named,
                edge: Edge::Start,
                offset_ms,
            },
        ) => *named == step.id && *offset_ms <= fault.outage_ms,
        _ => false,
    };
    !strikes && !steps.iter().any(is_sent_into)
}

/// Replaces as many drafts by the core. If there is not enough room, only its faults are used.
fn place_core(drafts: &mut Vec<Draft>, mut core: Vec<Draft>, place: Index) {
    if core.len() > drafts.len() {
        core.retain(|draft| matches!(draft.action, Action::Fault(_)));
        core.truncate(drafts.len());
    }
    let start = place.index(drafts.len() - core.len() + 1);
    drafts.splice(start..start + core.len(), core);
}

/// Names the steps by what they do and their order, and resolves their anchors.
fn assemble(drafts: Vec<Draft>, jobs: &JobKinds) -> Vec<Step> {
    let (mut bursts, mut faults, mut waits) = (0, 0, 0);
    let mut steps = Vec::with_capacity(drafts.len());
    for Draft { action, anchor } in drafts {
        let (letter, number) = match &action {
            Action::Burst(_) => ('b', &mut bursts),
            Action::Fault(_) => ('f', &mut faults),
            Action::Wait(_) => ('w', &mut waits),
        };
        *number += 1;
        let id = StepId(format!("{letter}{number}"));
        let anchor = anchor.resolve(&steps, jobs);
        steps.push(Step { id, anchor, action });
    }
    steps
}
