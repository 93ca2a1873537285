//! The texts of an event that come from outside: they may contain secrets.

use super::{EventKind, Mismatch};
use crate::model::Outcome;

impl EventKind {
    /// Every text that comes from APIs, logs, engines or probes. Every kind and field is listed, so
    /// that a new one does not compile until it is decided whether it may contain secrets.
    pub(super) fn foreign_texts(&mut self) -> Vec<&mut String> {
        match self {
            EventKind::StepSkipped { step: _, reason } => vec![reason],
            EventKind::Accepted {
                request: _,
                job,
                latency_us: _,
            } => vec![job],
            EventKind::Polled {
                request: _,
                status: _,
                state,
                latency_us: _,
            } => state.iter_mut().collect(),
            EventKind::Ended {
                request: _,
                outcome,
                exchange: _,
                latency_us: _,
                echo,
            } => {
                let mut texts: Vec<&mut String> = echo.iter_mut().collect();
                match outcome {
                    Outcome::Ok => {}
                    Outcome::Failed {
                        status: _,
                        job_state,
                        message,
                    } => {
                        texts.push(message);
                        texts.extend(job_state);
                    }
                    Outcome::Unknown { reason: _, message } => texts.push(message),
                }
                texts
            }
            EventKind::Mismatched {
                request: _,
                mismatch:
                    Mismatch {
                        place,
                        expected,
                        got,
                        asked_by: _,
                    },
            } => got.iter_mut().chain([place, expected]).collect(),
            EventKind::NotReady { backend: _, detail } => vec![detail],
            EventKind::LinkFailed {
                backend: _,
                connection: _,
                reason,
            } => vec![reason],
            EventKind::Exited {
                service: _,
                code: _,
                oom: _,
                source_at,
            } => source_at.iter_mut().collect(),
            EventKind::Started {
                service: _,
                identity,
                source_at,
            } => source_at.iter_mut().chain([identity]).collect(),
            EventKind::Log {
                service: _,
                line,
                source_at,
            } => source_at.iter_mut().chain([line]).collect(),
            EventKind::Resources { identity, .. } => vec![identity],
            EventKind::Trouble { during, message } => vec![during, message],
            EventKind::Phase { phase: _ }
            | EventKind::StepStarted { step: _ }
            | EventKind::StepEnded { step: _ }
            | EventKind::Sent {
                request: _,
                origin: _,
                kind: _,
                token: _,
                intended_us: _,
                after: _,
            }
            | EventKind::PollLost {
                request: _,
                reason: _,
                waited_us: _,
            }
            | EventKind::FaultIntent {
                step: _,
                backend: _,
                act: _,
            }
            | EventKind::FaultActed {
                step: _,
                backend: _,
                act: _,
                took_us: _,
            }
            | EventKind::Ready {
                backend: _,
                fault: _,
                not_ready_us: _,
            }
            | EventKind::Paused {
                service: _,
                paused: _,
            }
            | EventKind::LinkOpened {
                backend: _,
                connection: _,
                path: _,
            }
            | EventKind::LinkFirstByte {
                backend: _,
                connection: _,
                direction: _,
            }
            | EventKind::LinkClosed {
                backend: _,
                connection: _,
                by: _,
                to_backend_bytes: _,
                from_backend_bytes: _,
            }
            | EventKind::LinkCounted {
                backend: _,
                opened: _,
                closed: _,
            }
            | EventKind::Lag { late_us: _ }
            | EventKind::Crowded {
                percent: _,
                over_us: _,
            }
            | EventKind::LogDropped {
                service: _,
                lines: _,
            }
            | EventKind::Waited {
                service: _,
                waited_us: _,
                over_us: _,
            }
            | EventKind::LookedBack {
                polls: _,
                over_us: _,
            }
            | EventKind::Decided
            | EventKind::Interrupted
            | EventKind::Other(_) => Vec::new(),
        }
    }
}
