//! Anchors: drawn as drafts, and resolved once the earlier steps are known.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::Union;

use super::jobs::JobKinds;
use super::{Space, draws};
use crate::model::{Action, Anchor, Burst, Edge, Step};

/// The probability of an offset of zero: the narrowest windows lie there.
const AT_ONCE: f64 = 0.4;

/// An anchor drawn before it is known which steps there are.
#[derive(Debug, Clone)]
pub(super) struct AnchorDraft {
    /// The event to anchor to, if there is one to name.
    pub(super) event: Option<EventAnchor>,
    /// Which moment of a burst, if the event is a burst's.
    pub(super) moment: JobMoment,
    /// The time to anchor to otherwise.
    pub(super) time: TimeAnchor,
    /// Which of the possible steps; without it the latest.
    pub(super) target: Option<Index>,
    /// Which of a burst's requests or jobs.
    pub(super) nth: Index,
    /// The offset.
    pub(super) offset_ms: u64,
}

/// An observed event.
#[derive(Debug, Clone)]
pub(super) enum EventAnchor {
    /// A burst reaches a moment.
    Burst,
    /// The backend is ready after a fault.
    Ready,
    /// The API logs a line that matches a pattern.
    Log(String),
}

/// A moment of a burst. If the burst has no jobs, or none with a known state, the moment before it
/// in this list is used instead.
#[derive(Debug, Clone, Copy)]
pub(super) enum JobMoment {
    /// A request is in flight.
    InFlight,
    /// A job is accepted.
    Accepted,
    /// A job is in one of the known states.
    State(Index),
}

/// A time that needs no observation.
#[derive(Debug, Clone, Copy)]
pub(super) enum TimeAnchor {
    /// Since the plan began.
    Plan,
    /// Since a step started or ended.
    Step(Edge),
}

/// Any anchor of the space.
pub(super) fn anchor_draft(space: &Space) -> impl Strategy<Value = AnchorDraft> + use<> {
    let bounds = &space.bounds;
    let time = prop::sample::select(vec![
        TimeAnchor::Plan,
        TimeAnchor::Step(Edge::Start),
        TimeAnchor::Step(Edge::End),
    ]);
    (
        (prop::bool::weighted(bounds.event_anchors), event(space)),
        moment(space),
        time,
        any::<Index>(),
        any::<Index>(),
        draws::zero_or_whole(AT_ONCE, bounds.max_offset_ms),
    )
        .prop_map(
            |((wants_event, event), moment, time, target, nth, offset_ms)| AnchorDraft {
                event: wants_event.then_some(event),
                moment,
                time,
                target: Some(target),
                nth,
                offset_ms,
            },
        )
}

fn moment(space: &Space) -> impl Strategy<Value = JobMoment> + use<> {
    let mut moments = vec![(2, Just(JobMoment::InFlight).boxed())];
    if !space.jobs.mix(&space.kinds).is_empty() {
        moments.push((2, Just(JobMoment::Accepted).boxed()));
    }
    if !space.jobs.states(&space.kinds).is_empty() {
        moments.push((1, any::<Index>().prop_map(JobMoment::State).boxed()));
    }
    Union::new_weighted(moments)
}

fn event(space: &Space) -> impl Strategy<Value = EventAnchor> + use<> {
    let mut events = vec![
        (3, Just(EventAnchor::Burst).boxed()),
        (2, Just(EventAnchor::Ready).boxed()),
    ];
    if !space.log_anchors.is_empty() {
        let pattern = prop::sample::select(space.log_anchors.clone());
        events.push((2, pattern.prop_map(EventAnchor::Log).boxed()));
    }
    Union::new_weighted(events)
}

impl AnchorDraft {
    /// The anchor that is closest to the draft and names only earlier steps.
    pub(super) fn resolve(self, earlier: &[Step], jobs: &JobKinds) -> Anchor {
        self.event_anchor(earlier, jobs)
            .unwrap_or_else(|| self.time_anchor(earlier))
    }

    fn event_anchor(&self, earlier: &[Step], jobs: &JobKinds) -> Option<Anchor> {
        let offset_ms = self.offset_ms;
        match self.event.as_ref()? {
            EventAnchor::Burst => {
                let bursts = earlier.iter().filter_map(|step| match &step.action {
                    Action::Burst(burst) => Some((step, burst)),
                    _ => None,
                });
                let (step, burst) = self.choose(bursts.collect())?;
                Some(self.burst_anchor(step, burst, jobs))
            }
            EventAnchor::Ready => {
                let faults = earlier.iter();
                let faults = faults.filter(|step| matches!(step.action, Action::Fault(_)));
                let fault = self.choose(faults.collect())?.id.clone();
                Some(Anchor::Ready { fault, offset_ms })
            }
            EventAnchor::Log(pattern) => Some(Anchor::Log {
                pattern: pattern.clone(),
                offset_ms,
            }),
        }
    }

    fn burst_anchor(&self, step: &Step, load: &Burst, jobs: &JobKinds) -> Anchor {
        let (burst, offset_ms) = (step.id.clone(), self.offset_ms);
        // At least one, and no more than a `u32` holds.
        let nth = |count: u32| 1 + self.nth.index(count as usize) as u32;
        let accepted = jobs.likely(load);
        let states = jobs.states(&load.mix);
        match self.moment {
            JobMoment::State(state) if accepted > 0 && !states.is_empty() => Anchor::State {
                burst,
                nth: nth(jobs.likely_seen(load)),
                state: state.get(&states).clone(),
                offset_ms,
            },
            JobMoment::Accepted | JobMoment::State(_) if accepted > 0 => Anchor::Accepted {
                burst,
                nth: nth(accepted),
                offset_ms,
            },
            // A burst of the space has at least one request.
            _ => Anchor::InFlight {
                burst,
                nth: nth(load.count),
                offset_ms,
            },
        }
    }

    fn time_anchor(&self, earlier: &[Step]) -> Anchor {
        let offset_ms = self.offset_ms;
        let named = self.choose(earlier.iter().collect());
        match (self.time, named) {
            (TimeAnchor::Step(edge), Some(step)) => Anchor::After {
                step: step.id.clone(),
                edge,
                offset_ms,
            },
            _ => Anchor::At { offset_ms },
        }
    }

    fn choose<T>(&self, mut candidates: Vec<T>) -> Option<T> {
        let last = candidates.len().checked_sub(1)?;
        let chosen = self.target.map_or(last, |target| target.index(last + 1));
        Some(candidates.swap_remove(chosen))
    }
}
