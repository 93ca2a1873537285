//! The fixed plans, and what is expected of an API in each: the three ways in which people restart a backend by hand.

use std::fmt;
use std::str::FromStr;

use regex::Regex;

use crate::model::{
    API, Action, Anchor, BackendName, Burst, Edge, ErrorBodies, Expectation, Fault, FaultKind,
    Judgement, Mix, Outcome, Pace, Plan, Step, StepId, Verdict,
};
use crate::trace::{EventKind, Request, Trace, View};

/// How much of a log line is quoted, in characters: enough to know it again.
const QUOTED: usize = 100;

/// A way to restart a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The backend is restarted while nobody uses the API.
    Idle,
    /// The backend is restarted with requests in flight.
    InFlight,
    /// The backend is restarted several times in a row, under load.
    Rapid,
}

/// There is no such scenario.
#[derive(Debug, thiserror::Error)]
#[error("there is no scenario `{0}`; there are idle, in-flight and rapid")]
pub struct UnknownScenario(String);

impl Scenario {
    /// The scenario's plans: one that stops the backend and one that kills it. `outage_ms` is how long it is kept away.
    pub fn plans(self, backend: &BackendName, mix: &Mix, outage_ms: u64) -> Vec<Plan> {
        let kinds = [
            FaultKind::Stop {
                grace_ms: outage_ms,
            },
            FaultKind::Kill,
        ];
        let numbered = kinds.into_iter().zip(0..);
        numbered
            .map(|(kind, index)| Plan {
                seed: 0,
                index,
                background: None,
                steps: self.steps(backend, mix, kind, outage_ms),
            })
            .collect()
    }

    fn steps(self, backend: &BackendName, mix: &Mix, kind: FaultKind, outage_ms: u64) -> Vec<Step> {
        let fault = |id: &str, anchor, kind| {
            let backend = backend.clone();
            step(
                id,
                anchor,
                Action::Fault(Fault {
                    backend,
                    kind,
                    outage_ms,
                }),
            )
        };
        let burst = |id: &str, anchor, count, concurrency| {
            let pace = Pace::Closed { think_ms: 0 };
            step(
                id,
                anchor,
                Action::Burst(Burst {
                    count,
                    concurrency,
                    pace,
                    mix: mix.clone(),
                }),
            )
        };
        let now = Anchor::At { offset_ms: 0 };
        let in_flight = |nth| Anchor::InFlight {
            burst: id("b1"),
            nth,
            offset_ms: 0,
        };
        let ready = |fault: &str| Anchor::Ready {
            fault: id(fault),
            offset_ms: 0,
        };
        match self {
            Scenario::Idle => vec![fault("f1", now, kind), burst("b1", ready("f1"), 6, 1)],
            Scenario::InFlight => vec![
                burst("b1", now, 6, 6),
                fault("f1", in_flight(4), kind),
                burst("b2", ready("f1"), 6, 2),
            ],
            Scenario::Rapid => {
                let mut steps = vec![burst("b1", now, 12, 3), fault("f1", in_flight(3), kind)];
                for (before, name) in [("f1", "f2"), ("f2", "f3"), ("f3", "f4")] {
                    let edge = Edge::End;
                    let anchor = Anchor::After {
                        step: id(before),
                        edge,
                        offset_ms: outage_ms / 3,
                    };
                    steps.push(fault(name, anchor, kind));
                }
                steps.push(burst("b2", ready("f4"), 6, 2));
                steps
            }
        }
    }
}

/// What is expected of a correct API when its backend is restarted, told one by one from a judged trial.
pub fn expectations(trace: &Trace) -> Vec<Expectation> {
    let view = View::new(trace);
    vec![
        fails_explicitly(&view, trace.header.limits.error_bodies),
        logged(
            &view,
            "the broken connection is detected",
            &trace.header.log.detected,
        ),
        logged(&view, "the API reconnects", &trace.header.log.reconnected),
        judged(trace, "new requests succeed", &["recovers"]),
        judged(
            trace,
            "nothing loops or hangs for ever",
            &["no-hang", "calm-reconnect"],
        ),
    ]
}

/// Requests that were in flight when a fault struck, and failed, have said so.
fn fails_explicitly(view: &View<'_>, bodies: ErrorBodies) -> Expectation {
    let struck = |request: &&Request<'_>| {
        view.faults().any(|window| {
            let ended = request.ended.map_or(u64::MAX, |end| end.moment.seq);
            request.sent.seq < window.began.seq && ended > window.began.seq
        })
    };
    let mut in_flight = 0;
    let mut failed = 0;
    let mut silent = 0;
    for request in view.requests().iter().filter(struck) {
        in_flight += 1;
        match request.ended.map(|end| end.outcome) {
            Some(Outcome::Ok) => {}
            Some(outcome @ Outcome::Failed { .. }) => {
                failed += 1;
                silent += u64::from(outcome.vagueness(bodies).is_some());
            }
            Some(Outcome::Unknown { .. }) | None => {
                failed += 1;
                silent += 1;
            }
        }
    }
    Expectation {
        what: "requests in flight fail with an error message".to_owned(),
        met: (in_flight > 0).then_some(silent == 0),
        because: match in_flight {
            0 => "nothing was in flight".to_owned(),
            _ => format!(
                "{in_flight} were in flight, {failed} failed, {silent} of them without a word"
            ),
        },
    }
}

/// Whether any request needed a backend while that was away.
fn felt(view: &View<'_>) -> bool {
    view.faults()
        .any(|window| view.requests().iter().any(|request| request.felt(window)))
}

/// The API's log shows a line since the first fault.
fn logged(view: &View<'_>, what: &str, pattern: &Option<String>) -> Expectation {
    let expectation = |met, because| Expectation {
        what: what.to_owned(),
        met,
        because,
    };
    let Some(regex) = pattern
        .as_ref()
        .and_then(|pattern| Regex::new(pattern).ok())
    else {
        return expectation(
            None,
            "the configuration's [log] gives no pattern for it".to_owned(),
        );
    };
    let Some(fault) = view.faults().next() else {
        return expectation(None, "no fault was done".to_owned());
    };
    let mut since = view
        .under_test()
        .iter()
        .filter(|event| event.seq > fault.began.seq);
    let line = since.find_map(|event| match &event.kind {
        EventKind::Log { service, line, .. } if service == API && regex.is_match(line) => {
            Some((line, event.at_us - fault.began.at_us))
        }
        _ => None,
    });
    match line {
        Some((line, after_us)) => {
            let after_s = after_us as f64 / 1e6;
            expectation(
                Some(true),
                format!(
                    "{after_s:.1} s after the fault began the API logged `{}`",
                    quoted(line)
                ),
            )
        }
        // An idle API need not notice.
        None => expectation(
            felt(view).then_some(false),
            format!("the API logged no line like /{regex}/"),
        ),
    }
}

/// The beginning of a log line.
fn quoted(line: &str) -> String {
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Some invariants hold.
fn judged(trace: &Trace, what: &str, invariants: &[&str]) -> Expectation {
    let findings = trace
        .judgement
        .iter()
        .flat_map(|judgement: &Judgement| &judgement.findings);
    let findings: Vec<_> = findings
        .filter(|f| invariants.contains(&f.invariant.as_str()))
        .collect();
    let worst = findings.iter().max_by_key(|finding| finding.verdict);
    Expectation {
        what: what.to_owned(),
        met: worst.and_then(|finding| match finding.verdict {
            Verdict::Holds => Some(true),
            Verdict::Violated => Some(false),
            Verdict::Inconclusive => None,
        }),
        because: worst
            .map(|finding| finding.message.clone())
            .unwrap_or_default(),
    }
}

fn step(name: &str, anchor: Anchor, action: Action) -> Step {
    Step {
        id: id(name),
        anchor,
        action,
    }
}

fn id(name: &str) -> StepId {
    StepId(name.to_owned())
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        match text {
            "idle" => Ok(Scenario::Idle),
            "in-flight" => Ok(Scenario::InFlight),
            "rapid" => Ok(Scenario::Rapid),
            _ => Err(UnknownScenario(text.to_owned())),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scenario::Idle => "idle",
            Scenario::InFlight => "in-flight",
            Scenario::Rapid => "rapid",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_quoted_as_far_as_it_is_known_by() {
        assert_eq!(quoted("ö".repeat(100).as_str()), "ö".repeat(100));
        let longer = "ö".repeat(101);
        assert_eq!(quoted(&longer), format!("{}…", "ö".repeat(100)));
    }

    #[test]
    fn every_plan_restarts_the_backend_and_asks_again_when_it_is_ready() {
        let mix = Mix::from([("job".to_owned(), 1)]);
        for scenario in [Scenario::Idle, Scenario::InFlight, Scenario::Rapid] {
            let plans = scenario.plans(&"ray".to_owned(), &mix, 3_000);
            assert_eq!(plans.len(), 2, "one stops and one kills");
            for plan in plans {
                assert_eq!(plan.check_ids(), Ok(()));
                let last_fault = plan.faults().last().map(|(id, _)| id.clone()).unwrap();
                let last = &plan.steps.last().unwrap().anchor;
                assert_eq!(
                    last,
                    &Anchor::Ready {
                        fault: last_fault,
                        offset_ms: 0
                    }
                );
            }
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
        }
    }
}
