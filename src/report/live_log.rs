//! What happens in a stack, as the lines of `comeback watch`.

use std::collections::BTreeMap;

use regex::Regex;

use super::{EventLine, Tone};
use crate::model::duration_us;
use crate::trace::{Event, EventKind, InFlight};

/// After this time in microseconds, a line says that a probe's job has not ended. The next line
/// follows when the job has taken twice as long.
const SLOW_US: u64 = 10_000_000;

/// Turns events into lines, with the duration of each state.
#[derive(Debug)]
pub struct LiveLog {
    error: Regex,
    errors_only: bool,
    /// Since when each service has been in an abnormal state, in microseconds.
    since_us: BTreeMap<(String, &'static str), u64>,
    probes: InFlight<Probe>,
}

/// A probe in flight.
#[derive(Debug)]
struct Probe {
    /// When the next line says that it is slow, in microseconds since it was sent.
    slow_us: u64,
    /// The job's state at the last poll.
    state: Option<String>,
}

impl LiveLog {
    /// Log lines that match `error` are errors. With `errors_only`, other log lines and successful
    /// probes are left out.
    pub fn new(error: Regex, errors_only: bool) -> Self {
        LiveLog {
            error,
            errors_only,
            since_us: BTreeMap::new(),
            probes: InFlight::default(),
        }
    }

    /// Reads the next event, and returns its line if it has one.
    pub fn read(&mut self, event: &Event) -> Option<EventLine> {
        let ended = self.probes.read(event, || Probe {
            slow_us: SLOW_US,
            state: None,
        });
        let line = EventLine::of(&event.kind, None)?;
        let (state, begins) = match &event.kind {
            EventKind::Log { .. } => return self.log(line),
            EventKind::Polled { request, state, .. } => {
                return self.slow(event.at_us, *request, state.as_deref());
            }
            EventKind::Ended { outcome, .. } => {
                let kind = ended?.kind;
                let is_shown = !(outcome.is_ok() && self.errors_only);
                let text = format!("{kind} {}", line.text);
                return is_shown.then(|| EventLine::probe(text, line.tone));
            }
            EventKind::Exited { .. } => ("away", true),
            EventKind::Started { .. } => ("away", false),
            EventKind::Paused { paused, .. } => ("paused", *paused),
            EventKind::NotReady { .. } => ("not ready", true),
            EventKind::Ready { .. } => ("not ready", false),
            EventKind::Trouble { .. } => ("in trouble", true),
            _ => return None,
        };
        let key = (line.about.clone(), state);
        let lasted = match begins {
            true => {
                self.since_us.insert(key, event.at_us);
                String::new()
            }
            false => self.since_us.remove(&key).map_or(String::new(), |us| {
                format!(" after {} {state}", duration_us(event.at_us - us))
            }),
        };
        Some(EventLine {
            text: format!("*** {}{lasted}", line.text),
            ..line
        })
    }

    fn log(&self, line: EventLine) -> Option<EventLine> {
        let tone = match self.error.is_match(&line.text) {
            true => Tone::Bad,
            false if self.errors_only => return None,
            false => line.tone,
        };
        Some(EventLine { tone, ..line })
    }

    /// A line about a probe's job that has not ended: this may be all that a broken API shows.
    fn slow(&mut self, at_us: u64, request: u64, state: Option<&str>) -> Option<EventLine> {
        let open = self.probes.get_mut(request)?;
        let passed_us = at_us - open.sent.at_us;
        // After a new state, the job may be about to end.
        let is_new = open.kept.state.as_deref() != state;
        open.kept.state = state.map(str::to_owned);
        if passed_us < open.kept.slow_us || is_new {
            return None;
        }
        open.kept.slow_us = 2 * passed_us;
        let (state, passed) = (state.unwrap_or("no state"), duration_us(passed_us));
        let text = format!("{} after {passed}: still {state}", open.kind);
        Some(EventLine::probe(text, Tone::Bad))
    }
}

impl EventLine {
    fn probe(text: String, tone: Tone) -> Self {
        EventLine {
            about: "probe".to_owned(),
            text,
            tone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::trace::{Exchange, Origin};

    fn told(errors_only: bool) -> Vec<String> {
        let service = || "ray".to_owned();
        let backend = service;
        let logged = |line: &str| EventKind::Log {
            service: "api".to_owned(),
            line: line.to_owned(),
            source_at: None,
        };
        let story = [
            (0, logged("all is well")),
            (
                10,
                EventKind::Exited {
                    service: service(),
                    code: Some(137),
                    oom: false,
                    source_at: None,
                },
            ),
            (
                12,
                EventKind::NotReady {
                    backend: backend(),
                    detail: "connection refused".to_owned(),
                },
            ),
            (20, logged("ConnectionError: gone")),
            (
                2_510,
                EventKind::Started {
                    service: service(),
                    identity: String::new(),
                    source_at: None,
                },
            ),
            (
                75_012,
                EventKind::Ready {
                    backend: backend(),
                    fault: None,
                    not_ready_us: 0,
                },
            ),
            (
                76_000,
                EventKind::Sent {
                    request: 0,
                    origin: Origin::Background,
                    kind: "job".to_owned(),
                    token: String::new(),
                    intended_us: 0,
                    after: None,
                },
            ),
            (
                76_040,
                EventKind::Ended {
                    request: 0,
                    outcome: Outcome::Ok,
                    exchange: Exchange::Poll,
                    latency_us: 40_000,
                    echo: None,
                },
            ),
        ];
        let mut log = LiveLog::new(Regex::new("(?i)error").unwrap(), errors_only);
        let lines = story
            .into_iter()
            .enumerate()
            .filter_map(|(seq, (ms, kind))| {
                log.read(&Event {
                    seq: seq as u64,
                    at_us: ms * 1_000,
                    kind,
                })
            });
        lines
            .map(|line| format!("{} {} ({:?})", line.about, line.text, line.tone))
            .collect()
    }

    #[test]
    fn states_are_told_with_how_long_they_lasted() {
        assert_eq!(
            told(false),
            [
                "api all is well (Plain)",
                "ray *** exited (code 137) (Bad)",
                "ray *** not ready: connection refused (Bad)",
                "api ConnectionError: gone (Bad)",
                "ray *** started after 2.5 s away (Good)",
                "ray *** ready after 1 min 15 s not ready (Good)",
                "probe job after 40 ms: ok (Good)",
            ]
        );
    }

    #[test]
    fn a_job_that_does_not_end_is_told_while_it_is_awaited() {
        let mut log = LiveLog::new(Regex::new("error").unwrap(), true);
        let sent = EventKind::Sent {
            request: 7,
            origin: Origin::Background,
            kind: "job".to_owned(),
            token: String::new(),
            intended_us: 0,
            after: None,
        };
        let polled = |state: &str| EventKind::Polled {
            request: 7,
            status: 200,
            state: Some(state.to_owned()),
            latency_us: 1,
        };
        let story = [
            (1_000, sent),
            (10_900, polled("QUEUED")),
            (11_200, polled("QUEUED")),
            (12_000, polled("QUEUED")),
            (21_500, polled("RUNNING")),
            (22_000, polled("RUNNING")),
            (50_000, polled("COMPLETED")),
        ];
        let lines = story.into_iter().filter_map(|(ms, kind)| {
            let at_us = ms * 1_000;
            log.read(&Event {
                seq: 0,
                at_us,
                kind,
            })
        });
        let told: Vec<String> = lines.map(|line| line.text).collect();
        assert_eq!(
            told,
            [
                "job after 10.2 s: still QUEUED",
                "job after 21 s: still RUNNING"
            ]
        );
    }

    #[test]
    fn only_what_is_wrong_and_the_changes_of_state_are_told_if_asked() {
        assert_eq!(told(true).len(), 5);
    }
}
