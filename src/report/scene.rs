//! What happens around a stack, told line by line.

use std::collections::BTreeMap;

use regex::Regex;

use crate::model::duration_us;
use crate::trace::{Event, EventKind, InFlight};

/// When it is first told that a probe's job has not ended, in microseconds; then each time that it has taken twice as long.
const SLOW_US: u64 = 10_000_000;

/// Tells what happens line by line, with how long each state lasted.
#[derive(Debug)]
pub struct Scene {
    error: Regex,
    errors_only: bool,
    /// Since when each service has been away, and each backend not ready, in microseconds.
    away: BTreeMap<String, u64>,
    not_ready: BTreeMap<String, u64>,
    paused: BTreeMap<String, u64>,
    probes: InFlight<Probe>,
}

/// What is known of a request in flight.
#[derive(Debug)]
struct Probe {
    /// How long it may take, in microseconds, until that is told.
    slow_us: u64,
    /// The job's state at the last poll.
    state: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The service that it is about, or `probe`.
    pub about: String,
    /// What happened.
    pub text: String,
    /// How it should look.
    pub tone: Tone,
}

/// How a line should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Something is wrong.
    Bad,
    /// A service's state has changed for the better.
    Good,
}

impl Scene {
    /// Takes log lines that match `error` for errors; with `errors_only`, other log lines and the probes that succeed are left
    /// out.
    pub fn new(error: Regex, errors_only: bool) -> Self {
        Scene {
            error,
            errors_only,
            away: BTreeMap::new(),
            not_ready: BTreeMap::new(),
            paused: BTreeMap::new(),
            probes: InFlight::default(),
        }
    }

    /// Takes the next event, and tells about it if there is anything to tell.
    pub fn read(&mut self, event: &Event) -> Option<Line> {
        let at_us = event.at_us;
        let ended = self.probes.read(event, || Probe {
            slow_us: SLOW_US,
            state: None,
        });
        let lasted = |since: Option<u64>, what: &str| {
            since.map_or(String::new(), |us| {
                format!(" after {} {what}", duration_us(at_us - us))
            })
        };
        let (about, text, tone) = match &event.kind {
            EventKind::Log { service, line, .. } => return self.log(service, line),
            EventKind::Exited {
                service, code, oom, ..
            } => {
                self.away.insert(service.clone(), at_us);
                let code = code.map_or("?".to_owned(), |code| code.to_string());
                let why = if *oom { ", out of memory" } else { "" };
                (service, format!("exited (code {code}{why})"), Tone::Bad)
            }
            EventKind::Started { service, .. } => {
                let away = lasted(self.away.remove(service), "away");
                (service, format!("started{away}"), Tone::Good)
            }
            EventKind::Paused {
                service,
                paused: true,
            } => {
                self.paused.insert(service.clone(), at_us);
                (service, "paused".to_owned(), Tone::Bad)
            }
            EventKind::Paused { service, .. } => {
                let paused = lasted(self.paused.remove(service), "paused");
                (service, format!("unpaused{paused}"), Tone::Good)
            }
            EventKind::NotReady { backend, detail } => {
                self.not_ready.insert(backend.clone(), at_us);
                (backend, format!("not ready: {detail}"), Tone::Bad)
            }
            EventKind::Ready { backend, .. } => {
                let waited = lasted(self.not_ready.remove(backend), "not ready");
                (backend, format!("ready{waited}"), Tone::Good)
            }
            // A job that never ends is all that some broken APIs show.
            EventKind::Polled { request, state, .. } => {
                let open = self.probes.get_mut(*request)?;
                let passed_us = at_us - open.sent.at_us;
                let probe = &mut open.kept;
                // A new state may be the last one.
                let changed = probe.state != *state;
                probe.state.clone_from(state);
                if passed_us < probe.slow_us || changed {
                    return None;
                }
                probe.slow_us = 2 * passed_us;
                let state = state.as_deref().unwrap_or("no state");
                return Some(Line {
                    about: "probe".to_owned(),
                    text: format!(
                        "{} after {}: still {state}",
                        open.kind,
                        duration_us(passed_us)
                    ),
                    tone: Tone::Bad,
                });
            }
            EventKind::Ended {
                outcome,
                latency_us,
                ..
            } => {
                let kind = ended?.kind;
                if outcome.is_ok() && self.errors_only {
                    return None;
                }
                let tone = if outcome.is_ok() {
                    Tone::Good
                } else {
                    Tone::Bad
                };
                let text = format!("{kind} after {}: {outcome}", duration_us(*latency_us));
                return Some(Line {
                    about: "probe".to_owned(),
                    text,
                    tone,
                });
            }
            EventKind::Trouble { during, message } => (during, message.clone(), Tone::Bad),
            _ => return None,
        };
        Some(Line {
            about: about.clone(),
            text: format!("*** {text}"),
            tone,
        })
    }

    fn log(&self, service: &str, line: &str) -> Option<Line> {
        let is_error = self.error.is_match(line);
        let shown = is_error || !self.errors_only;
        shown.then(|| Line {
            about: service.to_owned(),
            text: line.to_owned(),
            tone: if is_error { Tone::Bad } else { Tone::Plain },
        })
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
        let log = |line: &str| EventKind::Log {
            service: "api".to_owned(),
            line: line.to_owned(),
            source_at: None,
        };
        let story = [
            (0, log("all is well")),
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
            (20, log("ConnectionError: gone")),
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
        let mut scene = Scene::new(Regex::new("(?i)error").unwrap(), errors_only);
        let lines = story
            .into_iter()
            .enumerate()
            .filter_map(|(seq, (ms, kind))| {
                scene.read(&Event {
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
        let mut scene = Scene::new(Regex::new("error").unwrap(), true);
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
            scene.read(&Event {
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
