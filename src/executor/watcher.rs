//! The event that a step's anchor waits for.

use std::collections::BTreeSet;

use regex::Regex;

use crate::model::{API, Anchor, Edge, Plan, StepId};
use crate::trace::{Event, EventKind, Follower, Origin};

/// What one event means for an anchor.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    /// Nothing yet.
    None,
    /// This is the event.
    Fires,
    /// The event can no longer come, and why.
    Never(String),
}

/// Follows the history to the event that an anchor waits for.
#[derive(Debug)]
pub(super) struct Watcher<'a> {
    plan: &'a Plan,
    anchor: &'a Anchor,
    pattern: Option<Regex>,
    /// The requests of the anchor's burst that are not counted yet.
    waiting: BTreeSet<u64>,
    /// How many are counted: sent, accepted as a job, or seen in the anchor's state.
    counted: u32,
}

impl<'a> Watcher<'a> {
    /// # Errors
    /// When the anchor's pattern is no regular expression.
    pub(super) fn new(plan: &'a Plan, anchor: &'a Anchor) -> Result<Self, String> {
        let pattern = match anchor {
            Anchor::Log { pattern, .. } => {
                Some(Regex::new(pattern).map_err(|e| format!("its anchor's pattern: {e}"))?)
            }
            _ => None,
        };
        Ok(Watcher {
            plan,
            anchor,
            pattern,
            waiting: BTreeSet::new(),
            counted: 0,
        })
    }

    /// Waits for the anchor's event.
    ///
    /// # Errors
    /// The reason why it can no longer come.
    pub(super) async fn watch(&mut self, follower: &mut Follower) -> Result<(), String> {
        let sign = follower.find(|event| match self.read(event) {
            Sign::None => None,
            Sign::Fires => Some(Ok(())),
            Sign::Never(reason) => Some(Err(reason)),
        });
        sign.await
    }

    fn read(&mut self, event: &Event) -> Sign {
        if let (EventKind::StepSkipped { step, .. }, Some(awaited)) =
            (&event.kind, self.anchor.awaits())
            && step == awaited
        {
            return Sign::Never(format!("its anchor's step {step} was skipped"));
        }
        match (self.anchor, &event.kind) {
            (
                Anchor::After {
                    step,
                    edge: Edge::Start,
                    ..
                },
                EventKind::StepStarted { step: at },
            )
            | (
                Anchor::After {
                    step,
                    edge: Edge::End,
                    ..
                },
                EventKind::StepEnded { step: at },
            ) if step == at => Sign::Fires,
            (
                Anchor::InFlight { burst, .. }
                | Anchor::Accepted { burst, .. }
                | Anchor::State { burst, .. },
                EventKind::Sent {
                    request,
                    origin: Origin::Step(at),
                    ..
                },
            ) if burst == at => {
                self.waiting.insert(*request);
                match self.anchor {
                    Anchor::InFlight { .. } => self.count(*request),
                    _ => Sign::None,
                }
            }
            (Anchor::Accepted { .. }, EventKind::Accepted { request, .. }) => self.count(*request),
            (
                Anchor::State { state: wanted, .. },
                EventKind::Polled {
                    request,
                    status: 200..=299,
                    state: Some(state),
                    ..
                },
            ) if state == wanted => self.count(*request),
            (Anchor::InFlight { burst, nth, .. }, EventKind::StepEnded { step })
                if burst == step =>
            {
                Sign::Never(format!("{burst} ended before its request {nth}"))
            }
            (Anchor::Accepted { burst, nth, .. }, EventKind::StepEnded { step })
                if burst == step =>
            {
                Sign::Never(format!("{burst} ended before its job {nth} was accepted"))
            }
            (
                Anchor::State {
                    burst, nth, state, ..
                },
                EventKind::StepEnded { step },
            ) if burst == step => Sign::Never(format!(
                "{burst} ended before its job {nth} was seen in the state `{state}`"
            )),
            (
                Anchor::Ready { fault, .. },
                EventKind::Ready {
                    fault: Some(at), ..
                },
            ) if fault == at => Sign::Fires,
            (Anchor::Ready { fault, .. }, EventKind::FaultIntent { step, backend, .. })
                if step != fault && self.ended_before(fault, step, backend) =>
            {
                Sign::Never(format!(
                    "{step} struck before the backend was ready after {fault}"
                ))
            }
            (Anchor::Log { .. }, EventKind::Log { service, line, .. }) if service == API => {
                let matches = self
                    .pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.is_match(line));
                if matches { Sign::Fires } else { Sign::None }
            }
            _ => Sign::None,
        }
    }

    /// Counts a request of the anchor's burst, each once.
    fn count(&mut self, request: u64) -> Sign {
        if !self.waiting.remove(&request) {
            return Sign::None;
        }
        self.counted += 1;
        match self.anchor.nth() == Some(self.counted) {
            true => Sign::Fires,
            false => Sign::None,
        }
    }

    /// Whether `fault` comes before `step` among the faults of one backend, which run one after the
    /// other.
    fn ended_before(&self, fault: &StepId, step: &StepId, backend: &str) -> bool {
        let place = |id| {
            let mut faults = self.plan.faults();
            faults.position(|(at, f)| at == id && f.backend == backend)
        };
        matches!((place(fault), place(step)), (Some(first), Some(second)) if first < second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Fault, FaultKind, Step};

    fn id(text: &str) -> StepId {
        StepId(text.to_owned())
    }

    fn plan() -> Plan {
        let fault = |name: &str| Step {
            id: id(name),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Fault(Fault {
                backend: "ray".to_owned(),
                kind: FaultKind::Kill,
                outage_ms: 1,
            }),
        };
        Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![fault("f1"), fault("f2")],
        }
    }

    fn signs(anchor: &Anchor, events: Vec<EventKind>) -> Vec<Sign> {
        let plan = plan();
        let mut watcher = Watcher::new(&plan, anchor).unwrap();
        let numbered = events.into_iter().enumerate();
        numbered
            .map(|(i, kind)| {
                watcher.read(&Event {
                    seq: i as u64,
                    at_us: 0,
                    kind,
                })
            })
            .collect()
    }

    fn sent(burst: &str, request: u64) -> EventKind {
        EventKind::Sent {
            request,
            origin: Origin::Step(id(burst)),
            kind: "k".to_owned(),
            token: "t".to_owned(),
            intended_us: 0,
            after: None,
        }
    }

    #[test]
    fn in_flight_fires_at_the_nth_request_of_its_own_burst() {
        let anchor = Anchor::InFlight {
            burst: id("b1"),
            nth: 2,
            offset_ms: 0,
        };
        let seen = signs(&anchor, vec![sent("b1", 0), sent("b2", 1), sent("b1", 2)]);
        assert_eq!(seen, [Sign::None, Sign::None, Sign::Fires]);
    }

    #[test]
    fn accepted_fires_at_the_nth_job_of_its_own_burst() {
        let anchor = Anchor::Accepted {
            burst: id("b1"),
            nth: 2,
            offset_ms: 0,
        };
        let accepted = |request| EventKind::Accepted {
            request,
            job: "7".to_owned(),
            latency_us: 1,
        };
        let sent = vec![sent("b1", 0), sent("b2", 1), sent("b1", 2), sent("b1", 3)];
        let story = [sent, [3, 1, 0, 2].map(accepted).to_vec()].concat();
        let seen = signs(&anchor, story);
        // Request 1 belongs to another burst, and a third acceptance is none that was waited for.
        assert_eq!(seen[4..], [Sign::None, Sign::None, Sign::Fires, Sign::None]);
    }

    #[test]
    fn a_state_counts_each_job_once_and_only_what_a_successful_poll_says() {
        let anchor = Anchor::State {
            burst: id("b1"),
            nth: 2,
            state: "RUNNING".to_owned(),
            offset_ms: 0,
        };
        let polled = |(request, status, state): (u64, u16, &str)| EventKind::Polled {
            request,
            status,
            state: Some(state.to_owned()),
            latency_us: 1,
        };
        let polls = [
            (0, 200, "RUNNING"),
            (0, 200, "QUEUED"),
            (0, 200, "RUNNING"),
            (1, 200, "QUEUED"),
            (1, 502, "RUNNING"),
            (2, 200, "RUNNING"),
            (1, 200, "RUNNING"),
        ];
        let sent = vec![sent("b1", 0), sent("b1", 1), sent("b2", 2)];
        let story = [sent, polls.map(polled).to_vec()].concat();
        let seen = signs(&anchor, story);
        let fires = seen.iter().position(|sign| *sign == Sign::Fires);
        assert_eq!(fires, Some(9), "{seen:?}");
    }

    #[test]
    fn what_waits_for_a_burst_gives_up_when_that_ends_too_early() {
        let (burst, nth, offset_ms) = (id("b1"), 2, 0);
        let anchors = [
            Anchor::InFlight {
                burst: burst.clone(),
                nth,
                offset_ms,
            },
            Anchor::Accepted {
                burst: burst.clone(),
                nth,
                offset_ms,
            },
            Anchor::State {
                burst,
                nth,
                state: "RUNNING".to_owned(),
                offset_ms,
            },
        ];
        let why = anchors.map(|anchor| {
            let ended = EventKind::StepEnded { step: id("b1") };
            match signs(&anchor, vec![sent("b1", 0), ended]).pop() {
                Some(Sign::Never(why)) => why,
                other => format!("{other:?}"),
            }
        });
        assert_eq!(
            why,
            [
                "b1 ended before its request 2",
                "b1 ended before its job 2 was accepted",
                "b1 ended before its job 2 was seen in the state `RUNNING`",
            ]
        );
    }

    #[test]
    fn ready_belongs_to_its_fault_and_gives_up_when_the_next_one_strikes() {
        let anchor = Anchor::Ready {
            fault: id("f1"),
            offset_ms: 0,
        };
        let ready = |fault: &str| EventKind::Ready {
            backend: "ray".to_owned(),
            fault: Some(id(fault)),
            not_ready_us: 0,
        };
        let strike = |fault: &str| EventKind::FaultIntent {
            step: id(fault),
            backend: "ray".to_owned(),
            act: crate::model::Act::Kill,
        };
        assert_eq!(
            signs(&anchor, vec![ready("f2"), ready("f1")]),
            [Sign::None, Sign::Fires]
        );
        let seen = signs(&anchor, vec![strike("f1"), strike("f2")]);
        assert_eq!(seen[0], Sign::None);
        assert!(matches!(seen[1], Sign::Never(_)));
    }

    #[test]
    fn a_skipped_step_will_not_fire_another_ones_anchor() {
        let anchor = Anchor::After {
            step: id("f1"),
            edge: Edge::End,
            offset_ms: 0,
        };
        let skipped = EventKind::StepSkipped {
            step: id("f1"),
            reason: String::new(),
        };
        assert!(matches!(signs(&anchor, vec![skipped])[0], Sign::Never(_)));
    }
}
