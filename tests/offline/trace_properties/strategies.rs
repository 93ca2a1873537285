//! Any trace: every kind of line with any content, whether it makes sense or not.

use comeback::model::ceiling::{LONGEST, MOST, MOST_PER_S};
use comeback::model::{
    Act, Action, Anchor, Background, Burst, ClosedBy, Direction, Edge, ErrorBodies, Fault,
    FaultKind, Figure, Finding, Judgement, LatencyLimits, Limits, Mix, Outcome, Pace, Plan,
    ResourceLimits, Signature, Step, StepId, UnknownReason, Verdict, Wait,
};
use comeback::trace::{
    Event, EventKind, Exchange, FORMAT_VERSION, Header, KindInfo, Mismatch, Origin, Phase,
    StackInfo, Trace,
};
use proptest::array::{uniform2, uniform6};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Any trace at all.
pub fn any_trace() -> impl Strategy<Value = Trace> {
    (
        any_header(),
        any_plan(),
        vec((any_us(), any_event_kind()), 0..12),
        option::of(any_judgement()),
        vec(any_json(), 0..2),
    )
        .prop_map(|(header, plan, events, judgement, notes)| Trace {
            header,
            plan,
            events: numbered(events),
            judgement,
            notes,
        })
}

/// Any limits.
pub fn any_limits() -> impl Strategy<Value = Limits> {
    (
        [any_time_ms(), any_time_ms(), any_time_ms()],
        option::of(any_time_ms()),
        option::of(0..=MOST),
        0..=MOST,
        option::of((uniform6(0..=MOST), uniform2(0..=MOST))),
    )
        .prop_map(|(times, grace_ms, failures, stragglers, other)| Limits {
            answer_ms: times[0],
            job_ms: times[1],
            recovery_ms: times[2],
            grace_ms,
            failures,
            stragglers,
            log_lines_per_s: 100,
            error_bodies: match grace_ms {
                Some(_) => ErrorBodies::Required,
                None => ErrorBodies::Optional,
            },
            resources: other.map(
                |([cpu, window, fds, threads, memory, mib], _)| ResourceLimits {
                    cpu_percent: cpu,
                    cpu_window_ms: window,
                    fds,
                    threads,
                    memory_percent: memory,
                    memory_mib: mib,
                },
            ),
            latency: other.map(|(_, [percent, slack_ms])| LatencyLimits { percent, slack_ms }),
        })
}

/// An event of a kind that this version does not know.
pub fn unknown_event() -> impl Strategy<Value = EventKind> {
    let fields = btree_map("[a-z]{1,6}", any_json(), 0..4);
    ("x-[a-z]{1,6}", fields).prop_map(|(name, mut fields)| {
        for taken in ["seq", "at_us", "event"] {
            fields.remove(taken);
        }
        let mut map = serde_json::Map::new();
        map.insert("event".to_owned(), name.into());
        map.extend(fields);
        EventKind::Other(map)
    })
}

/// Gives events their places, in the order of their times.
pub fn numbered(mut events: Vec<(u64, EventKind)>) -> Vec<Event> {
    events.sort_by_key(|(at_us, _)| *at_us);
    let event = |(seq, (at_us, kind))| Event {
        seq: seq as u64,
        at_us,
        kind,
    };
    events.into_iter().enumerate().map(event).collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        any::<String>(),
        Just("two\nlines\u{0}\r".to_owned())
    ]
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any_number().prop_map(Into::into),
        text().prop_map(Into::into),
        vec(text(), 0..3).prop_map(Into::into),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    proptest::num::f64::NORMAL | proptest::num::f64::ZERO
}

fn any_header() -> impl Strategy<Value = Header> {
    let kind = (text(), any::<[bool; 2]>(), vec(text(), 0..2));
    let kind = kind.prop_map(|(name, [job, echo], states)| KindInfo {
        name,
        job,
        states,
        echo,
    });
    let stack = (
        text(),
        option::of(text()),
        vec(text(), 0..3),
        vec(kind, 0..3),
        any::<[bool; 2]>(),
    );
    (stack, any_limits(), any::<u64>(), text()).prop_map(
        |(
            (name, variant, backends, kinds, [api_observed, simulated]),
            limits,
            trials_since_reset,
            started_at,
        )| {
            Header {
                comeback_trace: FORMAT_VERSION,
                comeback: "0.1.0".to_owned(),
                generator: 1,
                stack: StackInfo {
                    name,
                    variant,
                    backends,
                    executed: Default::default(),
                    kinds,
                    connections: "fresh".to_owned(),
                    api_observed,
                    simulated,
                },
                limits,
                log: Default::default(),
                probe_every_ms: 500 + trials_since_reset % 3,
                trials_since_reset,
                started_at,
            }
        },
    )
}

/// Any duration of a plan, in milliseconds: longer ones are refused by name.
fn any_time_ms() -> impl Strategy<Value = u64> {
    0..=LONGEST.as_millis() as u64
}

/// Any time of an event, in microseconds: longer ones are refused by name.
fn any_us() -> impl Strategy<Value = u64> {
    0..=LONGEST.as_micros() as u64
}

/// Any rate of a plan, in requests per second.
fn any_rate() -> impl Strategy<Value = f64> {
    0.0..=MOST_PER_S
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let background =
        (any_rate(), any_mix()).prop_map(|(rate_per_s, mix)| Background { rate_per_s, mix });
    let steps = vec((any_anchor(), any_action()), 0..5).prop_map(|steps| {
        let step = |(n, (anchor, action))| Step {
            id: StepId(format!("s{n}")),
            anchor,
            action,
        };
        steps.into_iter().enumerate().map(step).collect()
    });
    (any::<[u64; 2]>(), option::of(background), steps).prop_map(
        |([seed, index], background, steps)| Plan {
            seed,
            index,
            background,
            steps,
        },
    )
}

fn any_step_id() -> impl Strategy<Value = StepId> {
    text().prop_map(StepId)
}

fn any_anchor() -> impl Strategy<Value = Anchor> {
    let edge = select(&[Edge::Start, Edge::End]);
    let offset_ms = any_time_ms;
    prop_oneof![
        offset_ms().prop_map(|offset_ms| Anchor::At { offset_ms }),
        (any_step_id(), edge, offset_ms()).prop_map(|(step, edge, offset_ms)| Anchor::After {
            step,
            edge,
            offset_ms
        }),
        (any_step_id(), any::<u32>(), offset_ms()).prop_map(|(burst, nth, offset_ms)| {
            Anchor::InFlight {
                burst,
                nth,
                offset_ms,
            }
        }),
        (any_step_id(), any::<u32>(), offset_ms()).prop_map(|(burst, nth, offset_ms)| {
            Anchor::Accepted {
                burst,
                nth,
                offset_ms,
            }
        }),
        (any_step_id(), any::<u32>(), text(), offset_ms()).prop_map(
            |(burst, nth, state, offset_ms)| Anchor::State {
                burst,
                nth,
                state,
                offset_ms,
            }
        ),
        (any_step_id(), offset_ms())
            .prop_map(|(fault, offset_ms)| Anchor::Ready { fault, offset_ms }),
        (text(), offset_ms()).prop_map(|(pattern, offset_ms)| Anchor::Log { pattern, offset_ms }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let pace = prop_oneof![
        any_time_ms().prop_map(|think_ms| Pace::Closed { think_ms }),
        any_rate().prop_map(|rate_per_s| Pace::Open { rate_per_s }),
    ];
    let burst = ((0..=100_000_u32, 0..=10_000_u32), pace, any_mix()).prop_map(
        |((count, concurrency), pace, mix)| Burst {
            count,
            concurrency,
            pace,
            mix,
        },
    );
    let kind = prop_oneof![
        any_time_ms().prop_map(|grace_ms| FaultKind::Stop { grace_ms }),
        Just(FaultKind::Kill),
        (0..=1_000_u32, any_time_ms())
            .prop_map(|(restarts, gap_ms)| FaultKind::Rapid { restarts, gap_ms }),
        Just(FaultKind::Pause),
        Just(FaultKind::Cut),
    ];
    let fault = (text(), kind, any_time_ms()).prop_map(|(backend, kind, outage_ms)| Fault {
        backend,
        kind,
        outage_ms,
    });
    prop_oneof![
        burst.prop_map(Action::Burst),
        fault.prop_map(Action::Fault),
        any_time_ms().prop_map(|wait_ms| Action::Wait(Wait { wait_ms })),
    ]
}

fn any_mix() -> impl Strategy<Value = Mix> {
    btree_map(text(), any::<u32>(), 0..3)
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        any_time_ms().prop_map(|grace_ms| Act::Stop { grace_ms }),
        select(&[
            Act::Kill,
            Act::Start,
            Act::Pause,
            Act::Unpause,
            Act::Cut,
            Act::Join
        ]),
    ]
}

fn any_reason() -> impl Strategy<Value = UnknownReason> {
    select(&[
        UnknownReason::TimedOut,
        UnknownReason::JobNotTerminal,
        UnknownReason::Refused,
        UnknownReason::Reset,
        UnknownReason::Garbled,
        UnknownReason::Dropped,
    ])
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Ok),
        (any::<u16>(), option::of(text()), text()).prop_map(|(status, job_state, message)| {
            Outcome::Failed {
                status,
                job_state,
                message,
            }
        }),
        (any_reason(), text()).prop_map(|(reason, message)| Outcome::Unknown { reason, message }),
    ]
}

fn any_origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        select(&[
            Origin::Baseline,
            Origin::Background,
            Origin::Probe,
            Origin::After
        ]),
        "b[0-9]".prop_map(|step| Origin::Step(StepId(step))),
    ]
}

/// Requests have few numbers, so that their events meet.
fn any_request() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..4, 1 => any::<u64>()]
}

fn any_event_kind() -> impl Strategy<Value = EventKind> {
    let phases = select(&[
        Phase::Setup,
        Phase::Baseline,
        Phase::Plan,
        Phase::Heal,
        Phase::Recovery,
        Phase::Drain,
    ]);
    // Boxed, because all of them side by side are more than a test's stack holds.
    prop_oneof![
        phases.prop_map(|phase| EventKind::Phase { phase }),
        any_step_event(),
        any_request_event().boxed(),
        any_backend_event().boxed(),
        any_service_event().boxed(),
        (text(), text()).prop_map(|(during, message)| EventKind::Trouble { during, message }),
        Just(EventKind::Interrupted),
        unknown_event(),
    ]
}

fn any_step_event() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        any_step_id().prop_map(|step| EventKind::StepStarted { step }),
        any_step_id().prop_map(|step| EventKind::StepEnded { step }),
        (any_step_id(), text()).prop_map(|(step, reason)| EventKind::StepSkipped { step, reason }),
    ]
}

fn any_request_event() -> impl Strategy<Value = EventKind> {
    let number = any_us;
    let after = option::of(any_request());
    let sent = (any_request(), any_origin(), text(), text(), number(), after).prop_map(
        |(request, origin, kind, token, intended_us, after)| EventKind::Sent {
            request,
            origin,
            kind,
            token,
            intended_us,
            after,
        },
    );
    let accepted = (any_request(), text(), number()).prop_map(|(request, job, latency_us)| {
        EventKind::Accepted {
            request,
            job,
            latency_us,
        }
    });
    let polled = (any_request(), any::<u16>(), option::of(text()), number()).prop_map(
        |(request, status, state, latency_us)| EventKind::Polled {
            request,
            status,
            state,
            latency_us,
        },
    );
    let lost = (any_request(), any_reason(), number()).prop_map(|(request, reason, waited_us)| {
        EventKind::PollLost {
            request,
            reason,
            waited_us,
        }
    });
    let exchange = select(&[Exchange::Submit, Exchange::Poll]);
    let ended = (
        any_request(),
        any_outcome(),
        exchange,
        number(),
        option::of(text()),
    )
        .prop_map(
            |(request, outcome, exchange, latency_us, echo)| EventKind::Ended {
                request,
                outcome,
                exchange,
                latency_us,
                echo,
            },
        );
    let mismatched = (
        any_request(),
        text(),
        text(),
        option::of(text()),
        option::of(any_request()),
    )
        .prop_map(|(request, place, expected, got, asked_by)| {
            let mismatch = Mismatch {
                place,
                expected,
                got,
                asked_by,
            };
            EventKind::Mismatched { request, mismatch }
        });
    prop_oneof![sent, accepted, polled, lost, mismatched, ended]
}

fn any_backend_event() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (any_step_id(), text(), any_act())
            .prop_map(|(step, backend, act)| EventKind::FaultIntent { step, backend, act }),
        (any_step_id(), text(), any_act(), any_us()).prop_map(|(step, backend, act, took_us)| {
            EventKind::FaultActed {
                step,
                backend,
                act,
                took_us,
            }
        }),
        (text(), text()).prop_map(|(backend, detail)| EventKind::NotReady { backend, detail }),
        (text(), option::of(any_step_id()), any_us()).prop_map(|(backend, fault, not_ready_us)| {
            EventKind::Ready {
                backend,
                fault,
                not_ready_us,
            }
        }),
    ]
}

/// Of two processes of the API, with figures that need not make sense.
fn any_resources() -> impl Strategy<Value = EventKind> {
    (any::<bool>(), any_us(), option::of(any_us()), any::<bool>()).prop_map(
        |(other, cpu_us, held, at_rest)| EventKind::Resources {
            service: "api".to_owned(),
            identity: other.to_string(),
            cpu_us,
            memory_bytes: held,
            fds: held,
            threads: None,
            at_rest,
        },
    )
}

fn any_service_event() -> impl Strategy<Value = EventKind> {
    let source_at = || option::of(text());
    prop_oneof![
        (text(), option::of(any::<i64>()), any::<bool>(), source_at()).prop_map(
            |(service, code, oom, source_at)| EventKind::Exited {
                service,
                code,
                oom,
                source_at
            }
        ),
        (text(), text(), source_at()).prop_map(|(service, identity, source_at)| {
            EventKind::Started {
                service,
                identity,
                source_at,
            }
        }),
        (text(), any::<bool>()).prop_map(|(service, paused)| EventKind::Paused { service, paused }),
        any_resources(),
        (text(), any_us(), any_us()).prop_map(|(backend, connection, path)| {
            EventKind::LinkOpened {
                backend,
                connection,
                path,
            }
        }),
        (text(), any_us(), text()).prop_map(|(backend, connection, reason)| {
            EventKind::LinkFailed {
                backend,
                connection,
                reason,
            }
        }),
        (text(), any_us(), direction()).prop_map(|(backend, connection, direction)| {
            EventKind::LinkFirstByte {
                backend,
                connection,
                direction,
            }
        }),
        (text(), any_us(), any_us(), any_us()).prop_map(
            |(backend, connection, to_backend_bytes, from_backend_bytes)| EventKind::LinkClosed {
                backend,
                connection,
                by: ClosedBy::Fault,
                to_backend_bytes,
                from_backend_bytes,
            }
        ),
        (text(), any_us(), any_us()).prop_map(|(backend, opened, closed)| {
            EventKind::LinkCounted {
                backend,
                opened,
                closed,
            }
        }),
        any_us().prop_map(|late_us| EventKind::Lag { late_us }),
        (text(), any_us()).prop_map(|(service, lines)| EventKind::LogDropped { service, lines }),
        (any_us(), any_us()).prop_map(|(percent, over_us)| EventKind::Crowded { percent, over_us }),
        (text(), any_us(), any_us()).prop_map(|(service, waited_us, over_us)| {
            EventKind::Waited {
                service,
                waited_us,
                over_us,
            }
        }),
        (any_us(), any_us()).prop_map(|(polls, over_us)| EventKind::LookedBack { polls, over_us }),
        (text(), text(), source_at()).prop_map(|(service, line, source_at)| EventKind::Log {
            service,
            line,
            source_at
        }),
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    select(&[Direction::ToBackend, Direction::FromBackend])
}

fn any_judgement() -> impl Strategy<Value = Judgement> {
    let verdict = || select(&[Verdict::Holds, Verdict::Inconclusive, Verdict::Violated]);
    let finding = (
        text(),
        verdict(),
        option::of(text()),
        text(),
        vec(any::<u64>(), 0..3),
    )
        .prop_map(|(invariant, verdict, reason, message, evidence)| Finding {
            invariant,
            verdict,
            kind: reason.clone(),
            reason,
            not_judged: evidence.is_empty(),
            message,
            evidence,
            figures: vec![Figure::new("fds", 7.5)],
        });
    let signature = (
        "[a-z-]{1,9}",
        "[a-zA-Z /]{1,9}",
        "[a-z-]{1,9}",
        "[a-z-]{1,5}",
    )
        .prop_map(|(invariant, kind, reason, fault)| Signature {
            invariant,
            kind,
            reason,
            fault,
        });
    (
        verdict(),
        option::of(signature),
        vec(finding, 0..3),
        option::of(text()),
    )
        .prop_map(|(verdict, signature, findings, inconclusive)| Judgement {
            verdict,
            signature,
            findings,
            inconclusive,
        })
}
