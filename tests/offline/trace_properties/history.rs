//! Histories that could have happened: requests that are sent and end, faults that come and go.

use comeback::model::{
    API, Act, Action, Anchor, ErrorBodies, Fault, FaultKind, LatencyLimits, Limits, LogPatterns,
    Outcome, Plan, ResourceLimits, Step, StepId, UnknownReason,
};
use comeback::trace::{
    EventKind, Exchange, FORMAT_VERSION, Header, KindInfo, Origin, Phase, Span, Spans, StackInfo,
    Trace,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::strategies::numbered;

/// How long a backend is away by itself.
const AWAY_MS: u64 = 40;

/// How much looser some limits are than others. A limit that is not set stays so.
#[derive(Debug, Clone)]
pub struct Loosening {
    more_ms: [u64; 4],
    more: [u64; 3],
    no_budget: bool,
    resources: ResourceLimits,
    latency: LatencyLimits,
}

impl Loosening {
    /// The looser limits.
    pub fn of(&self, limits: &Limits) -> Limits {
        let [answer, job, recovery, grace] = self.more_ms;
        let [failures, stragglers, log_lines] = self.more;
        Limits {
            answer_ms: limits.answer_ms + answer,
            job_ms: limits.job_ms + job,
            recovery_ms: limits.recovery_ms + recovery,
            grace_ms: limits.grace_ms.map(|ms| ms + grace),
            failures: limits
                .failures
                .filter(|_| !self.no_budget)
                .map(|n| n + failures),
            stragglers: limits.stragglers + stragglers,
            log_lines_per_s: limits.log_lines_per_s + log_lines,
            error_bodies: match self.no_budget {
                true => ErrorBodies::Optional,
                false => limits.error_bodies,
            },
            resources: limits.resources.map(|limits| ResourceLimits {
                cpu_percent: limits.cpu_percent + self.resources.cpu_percent,
                cpu_window_ms: limits.cpu_window_ms + self.resources.cpu_window_ms,
                fds: limits.fds + self.resources.fds,
                threads: limits.threads + self.resources.threads,
                memory_percent: limits.memory_percent + self.resources.memory_percent,
                memory_mib: limits.memory_mib + self.resources.memory_mib,
            }),
            latency: limits.latency.map(|limits| LatencyLimits {
                percent: limits.percent + self.latency.percent,
                slack_ms: limits.slack_ms + self.latency.slack_ms,
            }),
        }
    }
}

/// Any loosening, often of few limits only.
pub fn any_loosening() -> impl Strategy<Value = Loosening> {
    let more_ms = || prop_oneof![Just(0), 0_u64..600];
    let more = || prop_oneof![Just(0), 0_u64..4];
    let times = [more_ms(), more_ms(), more_ms(), more_ms()];
    (
        times,
        [more(), more(), more()],
        any::<bool>(),
        any_resources(),
        any_latency(),
    )
        .prop_map(|(more_ms, more, no_budget, resources, latency)| Loosening {
            more_ms,
            more,
            no_budget,
            resources,
            latency,
        })
}

/// Small enough that a few hundred milliseconds tell.
fn any_resources() -> impl Strategy<Value = ResourceLimits> {
    (
        0_u64..120,
        0_u64..600,
        [0_u64..4, 0_u64..4],
        [0_u64..120, 0_u64..4],
    )
        .prop_map(
            |(cpu_percent, cpu_window_ms, [fds, threads], [memory_percent, memory_mib])| {
                ResourceLimits {
                    cpu_percent,
                    cpu_window_ms,
                    fds,
                    threads,
                    memory_percent,
                    memory_mib,
                }
            },
        )
}

fn any_latency() -> impl Strategy<Value = LatencyLimits> {
    (0_u64..400, 0_u64..40).prop_map(|(percent, slack_ms)| LatencyLimits { percent, slack_ms })
}

/// Limits of the size of the histories.
pub fn any_limits() -> impl Strategy<Value = Limits> {
    (
        [50_u64..300, 100_u64..800, 100_u64..800],
        option::of(0_u64..300),
        option::of(0_u64..6),
        0_u64..3,
        0_u64..2,
        prop_oneof![Just(ErrorBodies::Optional), Just(ErrorBodies::Required)],
        option::weighted(0.9, any_resources()),
        option::weighted(0.9, any_latency()),
    )
        .prop_map(
            |(
                [answer_ms, job_ms, recovery_ms],
                grace_ms,
                failures,
                stragglers,
                log_lines_per_s,
                error_bodies,
                resources,
                latency,
            )| Limits {
                answer_ms,
                job_ms,
                recovery_ms,
                grace_ms,
                failures,
                stragglers,
                log_lines_per_s,
                error_bodies,
                resources,
                latency,
            },
        )
}

/// A history of up to two seconds, with up to three faults, requests of two kinds, and now and then an exit or a
/// backend that is away by itself.
pub fn any_history() -> impl Strategy<Value = Trace> {
    (
        any_limits(),
        vec(any_life(), 0..30),
        vec((20_u64..900, 1_u64..150, any::<bool>()), 0..3),
        option::weighted(0.2, 20_u64..1_500),
        option::weighted(0.1, 20_u64..1_500),
        1_000_u64..2_000,
        any::<bool>(),
        (vec((20_u64..1_500, 0..LINES.len()), 0..4), any::<bool>()),
        (
            any_samples().boxed(),
            any_bursts().boxed(),
            any_lags().boxed(),
        ),
    )
        .prop_map(
            |(
                limits,
                lives,
                faults,
                away_ms,
                exit_ms,
                end_ms,
                drained,
                (logged, expecting),
                (samples, bursts, lags),
            )| {
                let mut lines = vec![
                    (0, phase(Phase::Setup)),
                    (1, phase(Phase::Baseline)),
                    (10, phase(Phase::Plan)),
                ];
                let mut steps = Vec::new();
                let patience = Patience::new(&limits, &faults, away_ms, &lags);
                for (n, (from_ms, lasts_ms, pause)) in faults.into_iter().enumerate() {
                    let step = StepId(format!("f{n}"));
                    lines.extend(fault(&step, from_ms, lasts_ms, pause));
                    steps.push(step_of(step, pause));
                }
                for (request, life) in lives.into_iter().enumerate() {
                    lines.extend(life.events(request as u64, &patience));
                }
                lines.extend(away_ms.map(|ms| (ms, not_ready())));
                lines.extend(away_ms.map(|ms| (ms + AWAY_MS, ready(None))));
                lines.extend(exit_ms.map(|ms| (ms, exited())));
                lines.extend(logged.into_iter().map(|(ms, line)| (ms, log(LINES[line]))));
                lines.extend(samples);
                lines.retain(|(at_ms, _)| *at_ms < end_ms);
                lines.sort_by_key(|(at_ms, _)| *at_ms);
                let last = if drained {
                    Phase::Drain
                } else {
                    Phase::Recovery
                };
                lines.push((end_ms, phase(last)));
                lines.extend(lags);
                lines.extend(bursts.into_iter().map(|(at_ms, kind)| match at_ms {
                    // Those of the baseline come before all else.
                    0..10 => (at_ms, kind),
                    _ => (end_ms + at_ms, kind),
                }));
                lines.sort_by_key(|(at_ms, _)| *at_ms);
                let microseconds = lines.into_iter().map(|(at_ms, kind)| (at_ms * 1_000, kind));
                Trace {
                    header: Header {
                        log: if expecting {
                            patterns()
                        } else {
                            LogPatterns::default()
                        },
                        ..header(limits)
                    },
                    plan: Plan {
                        seed: 1,
                        index: 0,
                        background: None,
                        steps,
                    },
                    events: numbered(microseconds.collect()),
                    judgement: None,
                    notes: Vec::new(),
                }
            },
        )
}

/// Now and then this machine keeps the harness waiting, sometimes for most of the time.
fn any_lags() -> impl Strategy<Value = Vec<(u64, EventKind)>> {
    let lag = (20_u64..2_600, 20_u64..200);
    option::weighted(0.4, vec(lag, 1..12)).prop_map(|lags| {
        let lags = lags.unwrap_or_default().into_iter();
        let lag = |(at_ms, late_ms)| {
            let late_us = late_ms * 1_000;
            (at_ms, EventKind::Lag { late_us })
        };
        lags.map(lag).collect()
    })
}

/// What the API uses, looked at every 20 ms: mostly little and the same, now and then more and more.
fn any_samples() -> impl Strategy<Value = Vec<(u64, EventKind)>> {
    let grows_by = prop_oneof![2 => Just(0_u64), 1 => 1_u64..3];
    (prop_oneof![Just(0_u64), 1_u64..25], grows_by, 0_u64..100).prop_map(
        |(cpu_ms, grows_by, seen_until)| {
            let sample = |n: u64| {
                (
                    5 + 20 * n,
                    resources(cpu_ms * n, 9 + grows_by * n / 20, false),
                )
            };
            (0..seen_until).map(sample).collect()
        },
    )
}

/// The API at rest and a burst, before the plan, and again after all else: five requests, and as many looks.
fn any_bursts() -> impl Strategy<Value = Vec<(u64, EventKind)>> {
    let fds = prop_oneof![2 => Just(9_u64), 1 => 9_u64..20];
    (1_u64..60, fds, any::<bool>()).prop_map(|(took_ms, fds, sent)| {
        let mut lines = vec![(9, resources(0, 9, true))];
        let burst = |origin: &Origin, from: u64, at_ms: u64, took_ms: u64| {
            let (request, origin) = (from + at_ms, origin.clone());
            let sent = EventKind::Sent {
                request,
                origin,
                kind: "sync".to_owned(),
                token: format!("t{request}"),
                intended_us: at_ms * 1_000,
                after: None,
            };
            let ended = EventKind::Ended {
                request,
                outcome: Outcome::Ok,
                exchange: Exchange::Submit,
                latency_us: took_ms * 1_000,
                echo: None,
            };
            [(at_ms, sent), (at_ms + took_ms, ended)]
        };
        if sent {
            lines.extend((1..4).flat_map(|n| burst(&Origin::Baseline, 1_000, 2 * n, 1)));
            lines.extend((1..6).flat_map(|n| burst(&Origin::After, 2_000, 100 * n, took_ms)));
        }
        lines.extend((0..5).map(|n| (700 + 20 * n, resources(50 * n, fds, true))));
        lines
    })
}

fn resources(cpu_ms: u64, fds: u64, at_rest: bool) -> EventKind {
    EventKind::Resources {
        service: API.to_owned(),
        identity: "7".to_owned(),
        cpu_us: cpu_ms * 1_000,
        memory_bytes: Some(fds << 20),
        fds: Some(fds),
        threads: Some(4),
        at_rest,
    }
}

/// One request from its sending to its end, if it has one.
#[derive(Debug, Clone)]
struct Life {
    sent_ms: u64,
    took_ms: u64,
    job: bool,
    outcome: Option<Outcome>,
    echo: Option<u64>,
}

fn any_life() -> impl Strategy<Value = Life> {
    let outcome = prop_oneof![
        12 => Just(Some(Outcome::Ok)),
        2 => Just(Some(failed("away"))),
        1 => Just(Some(failed(""))),
        3 => Just(Some(unknown(UnknownReason::TimedOut))),
        1 => Just(Some(unknown(UnknownReason::Reset))),
        1 => Just(Some(unknown(UnknownReason::Dropped))),
        1 => Just(None),
    ];
    let took_ms = prop_oneof![4 => 1_u64..40, 1 => 1_u64..1_000];
    let echo = option::weighted(0.02, 0_u64..30);
    (10_u64..1_800, took_ms, any::<bool>(), outcome, echo).prop_map(
        |(sent_ms, took_ms, job, outcome, echo)| Life {
            sent_ms,
            took_ms,
            job,
            outcome,
            echo,
        },
    )
}

impl Life {
    /// Its events. What was given up was given up when the harness does.
    fn events(self, request: u64, patience: &Patience<'_>) -> Vec<(u64, EventKind)> {
        let sent = EventKind::Sent {
            request,
            origin: Origin::Step(StepId("b1".to_owned())),
            kind: if self.job { "job" } else { "sync" }.to_owned(),
            token: format!("t{request}"),
            intended_us: self.sent_ms * 1_000,
            after: None,
        };
        let mut events = vec![(self.sent_ms, sent)];
        if self.job {
            let accepted = EventKind::Accepted {
                request,
                job: format!("j{request}"),
                latency_us: 0,
            };
            events.push((self.sent_ms, accepted));
        }
        let Some(mut outcome) = self.outcome else {
            return events;
        };
        let mut ended_ms = self.sent_ms + self.took_ms;
        if outcome == unknown(UnknownReason::TimedOut) {
            ended_ms = patience.exchange_ms(self.sent_ms);
            if self.job {
                outcome = unknown(UnknownReason::JobNotTerminal);
                ended_ms = patience.job_ms(self.sent_ms);
            }
        }
        let ended = EventKind::Ended {
            request,
            outcome,
            exchange: if self.job {
                Exchange::Poll
            } else {
                Exchange::Submit
            },
            latency_us: (ended_ms - self.sent_ms) * 1_000,
            echo: self.echo.map(|other| format!("t{other}")),
        };
        events.push((ended_ms, ended));
        events
    }
}

/// When the harness gives up, in milliseconds since the trial began.
struct Patience<'a> {
    limits: &'a Limits,
    /// When the backend was away, in order.
    away: Vec<(u64, u64)>,
    withheld: Spans,
}

impl<'a> Patience<'a> {
    fn new(
        limits: &'a Limits,
        faults: &[(u64, u64, bool)],
        away_ms: Option<u64>,
        lags: &[(u64, EventKind)],
    ) -> Self {
        let faults = faults.iter().map(|(from, lasts, _)| (*from, from + lasts));
        let by_itself = away_ms.map(|from| (from, from + AWAY_MS));
        let mut away: Vec<_> = faults.chain(by_itself).collect();
        away.sort_unstable();
        let mut withheld: Vec<Span> = lags.iter().filter_map(withheld).collect();
        withheld.sort_unstable();
        Patience {
            limits,
            away,
            withheld: withheld.into_iter().collect(),
        }
    }

    fn exchange_ms(&self, sent_ms: u64) -> u64 {
        self.later_ms(sent_ms, self.limits.answer_ms)
    }

    /// A job's time begins anew whenever the backend is ready again.
    fn job_ms(&self, accepted_ms: u64) -> u64 {
        let mut since_ms = accepted_ms;
        for (from_ms, to_ms) in &self.away {
            if *from_ms <= self.later_ms(since_ms, self.limits.job_ms) {
                since_ms = since_ms.max(*to_ms);
            }
        }
        self.later_ms(since_ms, self.limits.job_ms)
    }

    fn later_ms(&self, from_ms: u64, limit_ms: u64) -> u64 {
        let later_us = self.withheld.later(from_ms * 1_000, limit_ms * 1_000);
        later_us / 1_000
    }
}

fn withheld((at_ms, kind): &(u64, EventKind)) -> Option<Span> {
    let EventKind::Lag { late_us } = kind else {
        return None;
    };
    let to_us = at_ms * 1_000;
    Some(Span {
        from_us: to_us.saturating_sub(*late_us),
        to_us,
    })
}

fn failed(message: &str) -> Outcome {
    Outcome::Failed {
        status: 503,
        job_state: None,
        message: message.to_owned(),
    }
}

fn unknown(reason: UnknownReason) -> Outcome {
    Outcome::Unknown {
        reason,
        message: reason.to_string(),
    }
}

fn phase(phase: Phase) -> EventKind {
    EventKind::Phase { phase }
}

fn fault(step: &StepId, from_ms: u64, lasts_ms: u64, pause: bool) -> [(u64, EventKind); 2] {
    let intent = EventKind::FaultIntent {
        step: step.clone(),
        backend: "ray".to_owned(),
        act: if pause { Act::Pause } else { Act::Kill },
    };
    [
        (from_ms, intent),
        (from_ms + lasts_ms, ready(Some(step.clone()))),
    ]
}

fn step_of(id: StepId, pause: bool) -> Step {
    Step {
        id,
        anchor: Anchor::At { offset_ms: 0 },
        action: Action::Fault(Fault {
            backend: "ray".to_owned(),
            kind: if pause {
                FaultKind::Pause
            } else {
                FaultKind::Kill
            },
            outage_ms: 1,
        }),
    }
}

fn not_ready() -> EventKind {
    EventKind::NotReady {
        backend: "ray".to_owned(),
        detail: "refused".to_owned(),
    }
}

fn ready(fault: Option<StepId>) -> EventKind {
    EventKind::Ready {
        backend: "ray".to_owned(),
        fault,
        not_ready_us: 0,
    }
}

/// What the API logs.
const LINES: [&str; 3] = ["connection lost", "reconnected", "Traceback"];

fn patterns() -> LogPatterns {
    LogPatterns {
        detected: Some("lost".to_owned()),
        reconnected: Some("reconnected".to_owned()),
        forbidden: vec!["Traceback".to_owned()],
    }
}

fn log(line: &str) -> EventKind {
    EventKind::Log {
        service: API.to_owned(),
        line: line.to_owned(),
        source_at: None,
    }
}

fn exited() -> EventKind {
    EventKind::Exited {
        service: API.to_owned(),
        code: Some(1),
        oom: false,
        source_at: None,
    }
}

fn header(limits: Limits) -> Header {
    let kind = |name: &str| KindInfo {
        name: name.to_owned(),
        job: name == "job",
        states: Vec::new(),
        echo: false,
    };
    Header {
        comeback_trace: FORMAT_VERSION,
        comeback: "0.1.0".to_owned(),
        generator: 1,
        stack: StackInfo {
            name: "demo".to_owned(),
            variant: None,
            backends: vec!["ray".to_owned()],
            executed: Default::default(),
            kinds: vec![kind("job"), kind("sync")],
            connections: "fresh".to_owned(),
            api_observed: true,
            simulated: false,
        },
        limits,
        log: LogPatterns::default(),
        probe_every_ms: 100,
        trials_since_reset: 0,
        started_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}
