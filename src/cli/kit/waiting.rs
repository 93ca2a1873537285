//! What a trial is waiting for, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::executor::Executor;
use crate::model::{KindName, duration_s};
use crate::trace::{Event, EventKind, InFlight, Phase, Streaks};

/// What a trial is waiting for, by its history so far.
#[derive(Debug)]
pub struct Waiting {
    patience: Patience,
    kinds: Vec<KindName>,
    phase: Option<Phase>,
    /// When that phase was entered.
    phase_us: u64,
    /// Since when each backend is away or ready, in microseconds since the trial began.
    backends: BTreeMap<String, (bool, u64)>,
    /// Since when all backends are ready.
    ready_us: u64,
    streaks: Streaks,
    sustained: BTreeSet<KindName>,
    in_flight: InFlight,
}

/// How long a trial waits at most, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Patience {
    ready_ms: u64,
    answer_ms: u64,
    job_ms: u64,
    recovery_ms: u64,
}

/// A wait that is under way.
#[derive(Debug, PartialEq, Eq)]
pub struct WaitNotice {
    /// What is awaited: the same while the same is awaited.
    pub what: String,
    /// When it began, in microseconds since the trial began.
    pub since_us: u64,
    /// How long it has lasted, how long it may, and what is known of it.
    pub state: String,
}

impl Waiting {
    /// What a trial of this executor waits for before anything is known of it.
    pub fn new(executor: &Executor) -> Self {
        let limits = &executor.limits;
        let patience = Patience {
            ready_ms: executor.settings.ready_within.as_millis() as u64,
            answer_ms: limits.answer_ms,
            job_ms: limits.job_ms,
            recovery_ms: limits.recovery_ms,
        };
        let kinds = executor.kinds.iter().map(|kind| kind.name.clone());
        let backends = executor.stack.backends.iter();
        Self::of(
            patience,
            kinds.collect(),
            backends.map(|backend| backend.name.clone()),
        )
    }

    fn of(
        patience: Patience,
        kinds: Vec<KindName>,
        backends: impl Iterator<Item = String>,
    ) -> Self {
        Waiting {
            patience,
            kinds,
            phase: None,
            phase_us: 0,
            backends: backends.map(|name| (name, (false, 0))).collect(),
            ready_us: 0,
            streaks: Streaks::default(),
            sustained: BTreeSet::new(),
            in_flight: InFlight::default(),
        }
    }

    /// Takes the next event in.
    pub fn read(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Phase { phase } => {
                self.phase = Some(*phase);
                self.phase_us = event.at_us;
                if *phase == Phase::Recovery {
                    self.streaks = Streaks::default();
                    self.sustained.clear();
                }
                if matches!(phase, Phase::Setup | Phase::Recovery) {
                    // Who is away is awaited from now on.
                    let away = self.backends.values_mut().filter(|(ready, _)| !ready);
                    away.for_each(|(_, since_us)| *since_us = event.at_us);
                }
            }
            EventKind::Ready { backend, .. } => {
                self.backends.insert(backend.clone(), (true, event.at_us));
                self.ready_us = event.at_us;
            }
            EventKind::NotReady { backend, .. } | EventKind::FaultIntent { backend, .. } => {
                let state = self.backends.entry(backend.clone());
                let (ready, since_us) = state.or_insert((true, event.at_us));
                if std::mem::replace(ready, false) {
                    *since_us = event.at_us;
                }
            }
            _ => {}
        }
        self.in_flight.read(event, || ());
        self.sustained.extend(self.streaks.take(event));
    }

    /// The wait under way, if the trial does nothing else.
    pub fn wait(&self, now_us: u64) -> Option<WaitNotice> {
        match self.phase? {
            Phase::Setup => self.readiness(now_us),
            Phase::Recovery => self
                .readiness(now_us)
                .or_else(|| self.recovery(now_us))
                .or_else(|| self.ends(now_us)),
            Phase::Drain => self.ends(now_us),
            Phase::Baseline | Phase::Plan | Phase::Heal => None,
        }
    }

    fn readiness(&self, now_us: u64) -> Option<WaitNotice> {
        let mut away = self.backends.iter().filter(|(_, (ready, _))| !ready);
        let (backend, (_, since_us)) = away.next()?;
        let what = format!("waiting for backend {backend} to be ready");
        Some(self.timed(what, *since_us, now_us, self.patience.ready_ms, ""))
    }

    fn recovery(&self, now_us: u64) -> Option<WaitNotice> {
        let states = self.kinds.iter().map(|kind| {
            let state = match self.sustained.contains(kind) {
                true => "ok",
                false => "not yet",
            };
            format!(", {kind} {state}")
        });
        let states = states.collect::<String>();
        let limit_ms = self.patience.recovery_ms;
        let since_us = self.phase_us.max(self.ready_us);
        let over = now_us.saturating_sub(since_us) / 1_000 >= limit_ms;
        let recovered = self.kinds.iter().all(|kind| self.sustained.contains(kind));
        let wait = || self.timed("recovery".to_owned(), since_us, now_us, limit_ms, &states);
        (!over && !recovered).then(wait)
    }

    /// The requests in flight, each to its end or its limit.
    fn ends(&self, now_us: u64) -> Option<WaitNotice> {
        let open = || self.in_flight.iter();
        let since_us = open()
            .map(|r| r.accepted_us.unwrap_or(r.sent.at_us))
            .min()?;
        let limits = open().map(|request| match request.accepted_us {
            Some(since_us) => since_us.max(self.ready_us) + self.patience.job_ms * 1_000,
            None => request.sent.at_us + self.patience.answer_ms * 1_000,
        });
        let left_us = limits.max()?.saturating_sub(now_us);
        let what = match open().all(|request| request.accepted_us.is_some()) {
            true => "jobs in flight",
            false => "requests in flight",
        };
        let count = self.in_flight.len();
        Some(WaitNotice {
            what: what.to_owned(),
            since_us,
            state: format!(
                "{count}, up to {} more",
                duration_s(left_us.div_ceil(1_000_000))
            ),
        })
    }

    fn timed(
        &self,
        what: String,
        since_us: u64,
        now_us: u64,
        limit_ms: u64,
        more: &str,
    ) -> WaitNotice {
        let waited = duration_s(now_us.saturating_sub(since_us) / 1_000_000);
        let limit = duration_s(limit_ms.div_ceil(1_000));
        WaitNotice {
            what,
            since_us,
            state: format!("{waited} of at most {limit}{more}"),
        }
    }
}

impl std::fmt::Display for WaitNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::trace::{Exchange, Origin};

    /// A trial of the kinds warm and cold with the backend ray, its lines so far, and what it waits
    /// for after a number of seconds.
    fn waits(story: &[(u64, EventKind)], now_s: u64) -> Option<String> {
        let patience = Patience {
            ready_ms: 120_000,
            answer_ms: 10_000,
            job_ms: 100_000,
            recovery_ms: 90_000,
        };
        let kinds = ["warm", "cold"].map(str::to_owned).to_vec();
        let mut waiting = Waiting::of(patience, kinds, ["ray".to_owned()].into_iter());
        for (seq, (at_s, kind)) in story.iter().enumerate() {
            waiting.read(&Event {
                seq: seq as u64,
                at_us: at_s * 1_000_000,
                kind: kind.clone(),
            });
        }
        Some(waiting.wait(now_s * 1_000_000)?.to_string())
    }

    fn phase(phase: Phase) -> EventKind {
        EventKind::Phase { phase }
    }

    fn ready() -> EventKind {
        EventKind::Ready {
            backend: "ray".to_owned(),
            fault: None,
            not_ready_us: 0,
        }
    }

    fn away() -> EventKind {
        EventKind::NotReady {
            backend: "ray".to_owned(),
            detail: String::new(),
        }
    }

    fn sent(request: u64, kind: &str) -> EventKind {
        EventKind::Sent {
            request,
            origin: Origin::Probe,
            kind: kind.to_owned(),
            token: String::new(),
            intended_us: 0,
            after: None,
        }
    }

    fn accepted(request: u64) -> EventKind {
        EventKind::Accepted {
            request,
            job: String::new(),
            latency_us: 0,
        }
    }

    fn ok(request: u64) -> EventKind {
        EventKind::Ended {
            request,
            outcome: Outcome::Ok,
            exchange: Exchange::Submit,
            latency_us: 0,
            echo: None,
        }
    }

    #[test]
    fn a_backend_is_awaited_from_the_phase_that_waits_for_it() {
        let words = |s| {
            Some(format!(
                "waiting for backend ray to be ready: {s} s of at most 2 min"
            ))
        };
        let setup = [(0, phase(Phase::Setup))];
        assert_eq!(waits(&setup, 12), words(12));
        let plan = [
            (0, phase(Phase::Setup)),
            (1, ready()),
            (2, phase(Phase::Plan)),
            (5, away()),
        ];
        assert_eq!(waits(&plan, 9), None, "the plan goes on");
        let healed = [&plan[..], &[(20, phase(Phase::Recovery))]].concat();
        assert_eq!(waits(&healed, 27), words(7));
    }

    #[test]
    fn recovery_tells_each_kind_and_then_what_is_in_flight() {
        let mut story = vec![
            (0, phase(Phase::Setup)),
            (1, ready()),
            (2, phase(Phase::Recovery)),
        ];
        for n in 0..3 {
            story.extend([(3, sent(n, "warm")), (3, ok(n))]);
        }
        story.extend([(30, sent(7, "cold")), (31, accepted(7))]);
        assert_eq!(
            waits(&story, 36).as_deref(),
            Some("recovery: 34 s of at most 1 min 30 s, warm ok, cold not yet")
        );
        let later = waits(&story, 95);
        assert_eq!(later.as_deref(), Some("jobs in flight: 1, up to 36 s more"));
        story.extend([(96, phase(Phase::Drain)), (96, sent(8, "warm"))]);
        let drain = waits(&story, 97);
        assert_eq!(
            drain.as_deref(),
            Some("requests in flight: 2, up to 34 s more")
        );
        story.extend([(98, ok(7)), (98, ok(8))]);
        assert_eq!(waits(&story, 99), None);
    }
}
