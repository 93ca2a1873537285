//! Hand-written histories for tests.

use super::{
    Event, EventKind, Exchange, FORMAT_VERSION, Header, KindInfo, Mismatch, Origin, Phase,
};
use super::{StackInfo, Trace};
use crate::model::{
    Act, Action, Anchor, Fault, FaultKind, Limits, Outcome, Plan, Step, StepId, UnknownReason,
};

/// The pause between two probes of the API.
pub(crate) const PROBE_EVERY_MS: u64 = 200;

/// Limits for short histories: 100 ms for an answer, 1 s for a job and for recovery.
pub(crate) fn limits() -> Limits {
    Limits {
        answer_ms: 100,
        job_ms: 1_000,
        recovery_ms: 1_000,
        ..Limits::default()
    }
}

/// Writes a history down, in any order; times are in milliseconds. Its stack has the backend `ray`
/// and the given request kinds.
pub(crate) struct Script {
    kinds: Vec<KindInfo>,
    steps: Vec<Step>,
    lines: Vec<(u64, EventKind)>,
    pub(crate) api_observed: bool,
}

impl Script {
    /// A trial that enters its baseline at 1 ms and its plan at 10 ms.
    pub(crate) fn new(kinds: &[&str]) -> Self {
        let info = |name: &&str| KindInfo {
            name: (*name).to_owned(),
            job: *name == "job",
            states: Vec::new(),
            echo: true,
        };
        Script {
            kinds: kinds.iter().map(info).collect(),
            steps: Vec::new(),
            lines: Vec::new(),
            api_observed: true,
        }
        .phase(0, Phase::Setup)
        .phase(1, Phase::Baseline)
        .phase(10, Phase::Plan)
    }

    pub(crate) fn event(mut self, at_ms: u64, kind: EventKind) -> Self {
        self.lines.push((at_ms, kind));
        self
    }

    pub(crate) fn phase(self, at_ms: u64, phase: Phase) -> Self {
        self.event(at_ms, EventKind::Phase { phase })
    }

    /// A fault that is intended and later confirmed ready again. Its plan's step is added.
    pub(crate) fn fault(self, step: &str, kind: FaultKind, intent_ms: u64, ready_ms: u64) -> Self {
        self.unhealed(step, kind, intent_ms)
            .ready(ready_ms, Some(step))
    }

    /// A fault after which the backend does not become ready.
    pub(crate) fn unhealed(mut self, step: &str, kind: FaultKind, intent_ms: u64) -> Self {
        let act = match kind {
            FaultKind::Stop { grace_ms } => Act::Stop { grace_ms },
            FaultKind::Kill | FaultKind::Rapid { .. } => Act::Kill,
            FaultKind::Pause => Act::Pause,
            FaultKind::Cut => Act::Cut,
            FaultKind::Link(fault) => Act::Disturb(fault),
        };
        let step = StepId(step.to_owned());
        self.steps.push(Step {
            id: step.clone(),
            anchor: Anchor::At {
                offset_ms: intent_ms,
            },
            action: Action::Fault(Fault {
                backend: "ray".to_owned(),
                kind,
                outage_ms: 1,
            }),
        });
        self.act(intent_ms, &step.0, act)
    }

    pub(crate) fn act(self, at_ms: u64, step: &str, act: Act) -> Self {
        let intent = EventKind::FaultIntent {
            step: StepId(step.to_owned()),
            backend: "ray".to_owned(),
            act,
        };
        self.event(at_ms, intent)
    }

    pub(crate) fn ready(self, at_ms: u64, fault: Option<&str>) -> Self {
        let ready = EventKind::Ready {
            backend: "ray".to_owned(),
            fault: fault.map(|step| StepId(step.to_owned())),
            not_ready_us: (at_ms * 1_000).saturating_sub(500),
        };
        self.event(at_ms, ready)
    }

    pub(crate) fn not_ready(self, at_ms: u64) -> Self {
        let not_ready = EventKind::NotReady {
            backend: "ray".to_owned(),
            detail: "refused".to_owned(),
        };
        self.event(at_ms, not_ready)
    }

    pub(crate) fn exited(self, at_ms: u64, service: &str, oom: bool) -> Self {
        let exited = EventKind::Exited {
            service: service.to_owned(),
            code: Some(137),
            oom,
            source_at: None,
        };
        self.event(at_ms, exited)
    }

    pub(crate) fn started(self, at_ms: u64, service: &str, identity: &str) -> Self {
        let started = EventKind::Started {
            service: service.to_owned(),
            identity: identity.to_owned(),
            source_at: None,
        };
        self.event(at_ms, started)
    }

    /// A resource sample of the API while nothing is in flight.
    pub(crate) fn at_rest(self, at_ms: u64, identity: &str, fds: u64, memory_mib: u64) -> Self {
        let resources = EventKind::Resources {
            service: "api".to_owned(),
            identity: identity.to_owned(),
            cpu_us: 0,
            memory_bytes: Some(memory_mib << 20),
            fds: Some(fds),
            threads: Some(4),
            at_rest: true,
        };
        self.event(at_ms, resources)
    }

    /// A resource sample of the API at any time: its processor time so far.
    pub(crate) fn sampled(self, at_ms: u64, cpu_ms: u64) -> Self {
        let resources = EventKind::Resources {
            service: "api".to_owned(),
            identity: "7".to_owned(),
            cpu_us: cpu_ms * 1_000,
            memory_bytes: None,
            fds: None,
            threads: None,
            at_rest: false,
        };
        self.event(at_ms, resources)
    }

    /// This machine woke the harness too late.
    pub(crate) fn late(self, at_ms: u64, late_ms: u64) -> Self {
        let late_us = late_ms * 1_000;
        self.event(at_ms, EventKind::Lag { late_us })
    }

    /// The API waited for a processor for a part of the time before.
    pub(crate) fn waited(self, at_ms: u64, waited_ms: u64, over_ms: u64) -> Self {
        let waited = EventKind::Waited {
            service: "api".to_owned(),
            waited_us: waited_ms * 1_000,
            over_us: over_ms * 1_000,
        };
        self.event(at_ms, waited)
    }

    pub(crate) fn sent(self, at_ms: u64, request: u64, kind: &str) -> Self {
        self.sent_by(Origin::Step(StepId("b1".to_owned())), at_ms, request, kind)
    }

    pub(crate) fn sent_by(self, origin: Origin, at_ms: u64, request: u64, kind: &str) -> Self {
        let sent = EventKind::Sent {
            request,
            origin,
            kind: kind.to_owned(),
            token: format!("t{request}"),
            intended_us: at_ms * 1_000,
            after: None,
        };
        self.event(at_ms, sent)
    }

    pub(crate) fn accepted(self, at_ms: u64, request: u64) -> Self {
        self.accepted_as(at_ms, request, &format!("j{request}"))
    }

    pub(crate) fn accepted_as(self, at_ms: u64, request: u64, job: &str) -> Self {
        let accepted = EventKind::Accepted {
            request,
            job: job.to_owned(),
            latency_us: self.waited_us(request, at_ms),
        };
        self.event(at_ms, accepted)
    }

    pub(crate) fn polled(self, at_ms: u64, request: u64, status: u16, state: Option<&str>) -> Self {
        let polled = EventKind::Polled {
            request,
            status,
            state: state.map(str::to_owned),
            latency_us: 1_000,
        };
        self.event(at_ms, polled)
    }

    /// An answer that does not have `carol` at `/name`.
    pub(crate) fn mismatched(
        self,
        at_ms: u64,
        request: u64,
        got: Option<&str>,
        asked_by: Option<u64>,
    ) -> Self {
        let mismatch = Mismatch {
            place: "/name".to_owned(),
            expected: "carol".to_owned(),
            got: got.map(str::to_owned),
            asked_by,
        };
        self.event(at_ms, EventKind::Mismatched { request, mismatch })
    }

    pub(crate) fn ok(self, at_ms: u64, request: u64) -> Self {
        let own = format!("t{request}");
        self.ended(at_ms, request, Outcome::Ok, Some(&own))
    }

    pub(crate) fn failed(self, at_ms: u64, request: u64, status: u16, message: &str) -> Self {
        let outcome = Outcome::Failed {
            status,
            job_state: None,
            message: message.to_owned(),
        };
        self.ended(at_ms, request, outcome, None)
    }

    pub(crate) fn unknown(self, at_ms: u64, request: u64, reason: UnknownReason) -> Self {
        let outcome = Outcome::Unknown {
            reason,
            message: reason.to_string(),
        };
        self.ended(at_ms, request, outcome, None)
    }

    pub(crate) fn ended(
        self,
        at_ms: u64,
        request: u64,
        outcome: Outcome,
        echo: Option<&str>,
    ) -> Self {
        let accepted = self.lines.iter().any(
            |(_, kind)| matches!(kind, EventKind::Accepted { request: r, .. } if *r == request),
        );
        let ended = EventKind::Ended {
            request,
            outcome,
            exchange: if accepted {
                Exchange::Poll
            } else {
                Exchange::Submit
            },
            latency_us: self.waited_us(request, at_ms),
            echo: echo.map(str::to_owned),
        };
        self.event(at_ms, ended)
    }

    /// A request that succeeds after 5 ms.
    pub(crate) fn good(self, at_ms: u64, request: u64, kind: &str) -> Self {
        self.sent(at_ms, request, kind).ok(at_ms + 5, request)
    }

    /// A request that fails after 5 ms and says why.
    pub(crate) fn bad(self, at_ms: u64, request: u64, kind: &str) -> Self {
        self.sent(at_ms, request, kind)
            .failed(at_ms + 5, request, 503, "away")
    }

    /// Four good requests of a kind from some time on, 10 ms apart, numbered from `first`.
    pub(crate) fn good_row(self, at_ms: u64, first: u64, kind: &str) -> Self {
        (0..4).fold(self, |script, n| {
            script.good(at_ms + 10 * n, first + n, kind)
        })
    }

    /// The trial enters its last phase, and its trace is complete. The header's limits are
    /// [`limits`].
    pub(crate) fn finish(self, drain_ms: u64) -> Trace {
        self.phase(drain_ms, Phase::Drain).cut()
    }

    /// The trace as it is when the writer is killed.
    pub(crate) fn cut(mut self) -> Trace {
        self.lines.sort_by_key(|(at_ms, _)| *at_ms);
        let event = |(seq, (at_ms, kind)): (usize, (u64, EventKind))| Event {
            seq: seq as u64,
            at_us: at_ms * 1_000,
            kind,
        };
        Trace {
            header: Header {
                comeback_trace: FORMAT_VERSION,
                comeback: "0.1.0".to_owned(),
                generator: 1,
                stack: StackInfo {
                    name: "demo".to_owned(),
                    variant: None,
                    backends: vec!["ray".to_owned()],
                    executed: Default::default(),
                    kinds: self.kinds,
                    connections: "fresh".to_owned(),
                    api_observed: self.api_observed,
                    simulated: false,
                },
                limits: limits(),
                log: Default::default(),
                probe_every_ms: PROBE_EVERY_MS,
                trials_since_reset: 0,
                started_at: "2026-01-01T00:00:00Z".to_owned(),
            },
            plan: Plan {
                seed: 1,
                index: 0,
                background: None,
                steps: self.steps,
            },
            events: self.lines.into_iter().enumerate().map(event).collect(),
            judgement: None,
            notes: Vec::new(),
        }
    }

    fn waited_us(&self, request: u64, at_ms: u64) -> u64 {
        let intended = self.lines.iter().find_map(|(_, kind)| match kind {
            EventKind::Sent {
                request: r,
                intended_us,
                ..
            } if *r == request => Some(*intended_us),
            _ => None,
        });
        at_ms * 1_000 - intended.expect("the request was sent before")
    }
}
