//! Waiting for a step's anchor.

use std::time::Duration;

use regex::Regex;
use tokio::time::{sleep, sleep_until};

use crate::model::{API, Anchor, Edge, Plan, StepId};
use crate::trace::{Event, EventKind, Follower, Origin, Recorder};
use crate::watch;

/// Waits for the anchors of one plan.
#[derive(Debug)]
pub(super) struct Anchors<'a> {
    pub plan: &'a Plan,
    pub recorder: &'a Recorder,
    /// The `seq` from which the plan's events count.
    pub from_seq: u64,
    /// When the plan began.
    pub began: tokio::time::Instant,
    /// How many steps are doing something, or will for certain. While there are any, an event may still come.
    pub active: watch::Sender<usize>,
    /// How long an event is waited for when nothing is active any more.
    pub timeout: Duration,
}

/// What one event says of an anchor.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    /// Nothing yet.
    None,
    /// This is the event.
    Fires,
    /// The event can no longer come, and why.
    Never(String),
}

/// Counts a step as active for as long as it lives.
#[derive(Debug)]
pub(super) struct Active(watch::Sender<usize>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.send_modify(|active| *active -= 1);
    }
}

impl Anchors<'_> {
    /// Counts one step as active.
    pub(super) fn active(&self) -> Active {
        self.active.send_modify(|active| *active += 1);
        Active(self.active.clone())
    }

    /// Waits until the anchor fires, and its offset has passed.
    ///
    /// # Errors
    /// The reason why it never will.
    pub(super) async fn wait(&self, anchor: &Anchor) -> Result<Active, String> {
        let offset = Duration::from_millis(anchor.offset_ms());
        if let Anchor::At { .. } = anchor {
            let active = self.active();
            sleep_until(self.began + offset).await;
            return Ok(active);
        }
        if let Some(step) = anchor.awaits()
            && self.plan.step(step).is_none()
        {
            return Err(format!("the plan has no step {step}"));
        }
        let mut watcher = Watcher::new(self.plan, anchor)?;
        let mut follower = self.recorder.follow_from(self.from_seq);
        tokio::select! {
            biased;
            sign = watcher.watch(&mut follower) => sign?,
            () = self.idle() => return Err(format!("its anchor did not fire ({anchor})")),
        }
        let active = self.active();
        sleep(offset).await;
        Ok(active)
    }

    /// Ends once no step has been active for the whole time-out.
    async fn idle(&self) {
        let mut changes = self.active.subscribe();
        loop {
            // The sender is in `self`, so the wait cannot fail.
            let _ = changes.wait_for(|active| *active == 0).await;
            tokio::select! {
                biased;
                _ = changes.changed() => {}
                () = sleep(self.timeout) => return,
            }
        }
    }
}

/// Looks at one event after the other for the one that an anchor waits for.
#[derive(Debug)]
struct Watcher<'a> {
    plan: &'a Plan,
    anchor: &'a Anchor,
    pattern: Option<Regex>,
    /// How many requests of the anchor's burst have been sent.
    sent: u32,
}

impl<'a> Watcher<'a> {
    fn new(plan: &'a Plan, anchor: &'a Anchor) -> Result<Self, String> {
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
            sent: 0,
        })
    }

    async fn watch(&mut self, follower: &mut Follower) -> Result<(), String> {
        loop {
            match self.read(&follower.next().await) {
                Sign::None => {}
                Sign::Fires => return Ok(()),
                Sign::Never(reason) => return Err(reason),
            }
        }
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
                Anchor::InFlight { burst, nth, .. },
                EventKind::Sent {
                    origin: Origin::Step(at),
                    ..
                },
            ) if burst == at => {
                self.sent += 1;
                if self.sent == *nth {
                    Sign::Fires
                } else {
                    Sign::None
                }
            }
            (Anchor::InFlight { burst, nth, .. }, EventKind::StepEnded { step })
                if burst == step =>
            {
                Sign::Never(format!("{burst} ended before its request {nth}"))
            }
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

    /// Whether `fault` comes before `step` among the faults of one backend, which run one after the other.
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

    fn sent(burst: &str) -> EventKind {
        EventKind::Sent {
            request: 0,
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
        let seen = signs(&anchor, vec![sent("b1"), sent("b2"), sent("b1")]);
        assert_eq!(seen, [Sign::None, Sign::None, Sign::Fires]);
    }

    #[test]
    fn in_flight_gives_up_when_the_burst_ends_too_early() {
        let anchor = Anchor::InFlight {
            burst: id("b1"),
            nth: 2,
            offset_ms: 0,
        };
        let seen = signs(
            &anchor,
            vec![sent("b1"), EventKind::StepEnded { step: id("b1") }],
        );
        assert!(matches!(seen[1], Sign::Never(_)));
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
