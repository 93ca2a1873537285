//! Every number of a plan, in one place. Code that shortens, shrinks, bounds or speeds up a plan
//! loops over these.

use std::fmt;

use super::{Action, Burst, FaultKind, LinkFault, Pace, Plan, Step, StepId};

/// One number of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The step.
    pub step: StepId,
    /// Which of its numbers.
    pub kind: NumberKind,
}

/// The numbers that steps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Requests of a burst.
    Requests,
    /// Requests of a burst in flight at once.
    Concurrency,
    /// Which request or job of a burst an anchor names.
    Nth,
    /// Restarts of a `rapid`.
    Restarts,
    /// Milliseconds for which a fault keeps its backend away.
    Outage,
    /// Milliseconds between two restarts of a `rapid`.
    Gap,
    /// Milliseconds from SIGTERM to SIGKILL.
    Grace,
    /// Milliseconds that a link adds in each direction.
    Latency,
    /// KiB per second that a link lets through.
    Rate,
    /// Milliseconds from one byte to the next of a reply that trickles.
    ByteGap,
    /// Bytes of replies before a connection is closed.
    Bytes,
    /// Milliseconds for which a connection may be idle before it is forgotten.
    Idle,
    /// Milliseconds that a sender pauses between two requests.
    Think,
    /// Milliseconds of a wait.
    Wait,
    /// Milliseconds from the anchor's event to the step.
    Offset,
}

impl NumberKind {
    /// All kinds, in the order in which they are made smaller: a number that bounds others comes
    /// after them.
    pub const ALL: [NumberKind; 15] = [
        NumberKind::Nth,
        NumberKind::Requests,
        NumberKind::Concurrency,
        NumberKind::Restarts,
        NumberKind::Outage,
        NumberKind::Gap,
        NumberKind::Grace,
        NumberKind::Latency,
        NumberKind::Rate,
        NumberKind::ByteGap,
        NumberKind::Bytes,
        NumberKind::Idle,
        NumberKind::Think,
        NumberKind::Wait,
        NumberKind::Offset,
    ];

    /// The kinds that are times, in milliseconds.
    pub fn times() -> impl Iterator<Item = NumberKind> {
        Self::ALL.into_iter().filter(|kind| kind.is_time())
    }

    /// The smallest value that makes sense.
    pub fn least(self) -> u64 {
        match self {
            NumberKind::Restarts => 2,
            NumberKind::Outage | NumberKind::Idle | NumberKind::ByteGap => 1,
            NumberKind::Bytes => 0,
            time if time.is_time() => 0,
            _ => 1,
        }
    }

    /// Whether it is a time, in milliseconds, and not a count.
    pub fn is_time(self) -> bool {
        !matches!(
            self,
            NumberKind::Requests
                | NumberKind::Concurrency
                | NumberKind::Nth
                | NumberKind::Restarts
                | NumberKind::Rate
                | NumberKind::Bytes
        )
    }
}

impl Step {
    /// One of its numbers; none if it has no such number.
    pub fn number(&self, kind: NumberKind) -> Option<u64> {
        match (kind, &self.action) {
            (NumberKind::Offset, _) => Some(self.anchor.offset_ms()),
            (NumberKind::Nth, _) => self.anchor.nth().map(u64::from),
            (NumberKind::Wait, Action::Wait(wait)) => Some(wait.wait_ms),
            (NumberKind::Outage, Action::Fault(fault)) => Some(fault.outage_ms),
            (_, Action::Fault(fault)) => match (kind, fault.kind) {
                (NumberKind::Restarts, FaultKind::Rapid { restarts, .. }) => Some(restarts.into()),
                (NumberKind::Gap, FaultKind::Rapid { gap_ms, .. }) => Some(gap_ms),
                (NumberKind::Grace, FaultKind::Stop { grace_ms }) => Some(grace_ms),
                (_, FaultKind::Link(mut fault)) => link_number(&mut fault, kind).copied(),
                _ => None,
            },
            (NumberKind::Requests, Action::Burst(burst)) => Some(u64::from(burst.count)),
            (NumberKind::Concurrency, Action::Burst(burst)) => Some(u64::from(burst.concurrency)),
            (NumberKind::Think, Action::Burst(burst)) => match burst.pace {
                Pace::Closed { think_ms } => Some(think_ms),
                Pace::Open { .. } => None,
            },
            _ => None,
        }
    }

    /// Sets one of its numbers; does nothing if it has no such number. Counts are capped at
    /// `u32::MAX`.
    pub fn set_number(&mut self, kind: NumberKind, value: u64) {
        let count = u32::try_from(value).unwrap_or(u32::MAX);
        match (kind, &mut self.action) {
            (NumberKind::Offset, _) => self.anchor = self.anchor.with_offset(value),
            (NumberKind::Nth, _) => {
                if let Some(nth) = self.anchor.nth_mut() {
                    *nth = count;
                }
            }
            (NumberKind::Wait, Action::Wait(wait)) => wait.wait_ms = value,
            (NumberKind::Outage, Action::Fault(fault)) => fault.outage_ms = value,
            (_, Action::Fault(fault)) => match (kind, &mut fault.kind) {
                (NumberKind::Restarts, FaultKind::Rapid { restarts, .. }) => *restarts = count,
                (NumberKind::Gap, FaultKind::Rapid { gap_ms, .. }) => *gap_ms = value,
                (NumberKind::Grace, FaultKind::Stop { grace_ms }) => *grace_ms = value,
                (_, FaultKind::Link(fault)) => {
                    if let Some(number) = link_number(fault, kind) {
                        *number = value;
                    }
                }
                _ => {}
            },
            (NumberKind::Requests, Action::Burst(burst)) => burst.count = count,
            (NumberKind::Concurrency, Action::Burst(burst)) => burst.concurrency = count,
            (NumberKind::Think, Action::Burst(burst)) => {
                if let Pace::Closed { think_ms } = &mut burst.pace {
                    *think_ms = value;
                }
            }
            _ => {}
        }
    }
}

/// A number of a link's fault; none if it has no such number.
fn link_number(fault: &mut LinkFault, kind: NumberKind) -> Option<&mut u64> {
    match (kind, fault) {
        (NumberKind::Latency, LinkFault::Slow { latency_ms, .. }) => Some(latency_ms),
        (NumberKind::Rate, LinkFault::Slow { rate_kib_s, .. }) => rate_kib_s.as_mut(),
        (NumberKind::ByteGap, LinkFault::Trickle { gap_ms }) => Some(gap_ms),
        (NumberKind::Bytes, LinkFault::Truncate { after_bytes }) => Some(after_bytes),
        (NumberKind::Idle, LinkFault::IdleClose { idle_ms }) => Some(idle_ms),
        _ => None,
    }
}

impl Step {
    /// Replaces each of its times, in milliseconds.
    pub fn map_times(&mut self, change: impl Fn(NumberKind, u64) -> u64) {
        for kind in NumberKind::times() {
            if let Some(ms) = self.number(kind) {
                self.set_number(kind, change(kind, ms));
            }
        }
    }

    /// The rate of an open-loop burst, in requests per second.
    pub fn rate_mut(&mut self) -> Option<&mut f64> {
        match &mut self.action {
            Action::Burst(Burst {
                pace: Pace::Open { rate_per_s },
                ..
            }) => Some(rate_per_s),
            _ => None,
        }
    }
}

impl Number {
    /// Every number of a plan that could be smaller, counts before times.
    pub fn all(plan: &Plan) -> Vec<Number> {
        let of = |kind: NumberKind| {
            let could_be_smaller =
                move |step: &&Step| step.number(kind).is_some_and(|value| value > kind.least());
            let steps = plan.steps.iter().filter(could_be_smaller);
            steps.map(move |step| Number {
                step: step.id.clone(),
                kind,
            })
        };
        NumberKind::ALL.into_iter().flat_map(of).collect()
    }

    /// Its value; none if the plan has no such number.
    pub fn get(&self, plan: &Plan) -> Option<u64> {
        plan.step(&self.step)?.number(self.kind)
    }

    /// The plan with this number changed. With fewer requests, a burst keeps no more senders than
    /// requests, and no anchor waits for a request that no longer exists.
    pub fn set(&self, plan: &Plan, value: u64) -> Plan {
        let mut changed = plan.clone();
        let is_requests = self.kind == NumberKind::Requests;
        for step in &mut changed.steps {
            let most = |step: &mut Step, kind| match step.number(kind) {
                Some(number) if is_requests && number > value => step.set_number(kind, value),
                _ => {}
            };
            if step.id == self.step {
                step.set_number(self.kind, value);
                most(step, NumberKind::Concurrency);
            } else if step.anchor.awaits() == Some(&self.step) {
                most(step, NumberKind::Nth);
            }
        }
        changed
    }
}

impl Plan {
    /// The plan with every time multiplied by `factor`, which is at most 1.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Plan {
        let mut plan = self.clone();
        let smaller = |ms: u64| (ms as f64 * factor) as u64;
        for step in &mut plan.steps {
            step.map_times(|kind, ms| smaller(ms).max(ms.min(kind.least())));
        }
        plan
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NumberKind::Requests => "number of requests",
            NumberKind::Concurrency => "number of requests in flight at once",
            NumberKind::Nth => "awaited request or job",
            NumberKind::Restarts => "number of restarts",
            NumberKind::Outage => "outage",
            NumberKind::Gap => "gap between restarts",
            NumberKind::Grace => "grace",
            NumberKind::Latency => "latency",
            NumberKind::Rate => "KiB per second",
            NumberKind::ByteGap => "gap between bytes",
            NumberKind::Bytes => "bytes before the end",
            NumberKind::Idle => "idle time",
            NumberKind::Think => "pause between requests",
            NumberKind::Wait => "wait",
            NumberKind::Offset => "offset",
        })
    }
}

#[cfg(test)]
mod tests;
