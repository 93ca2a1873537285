//! For tests: a scripted API on tokio's paused clock, and a client of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::load::{
    Caps, Client, ClientParts, Draw, ExchangeError, HttpAnswer, HttpRequest, Readiness, Transport,
};
use crate::model::{Expect, Job, Limits, Outcome, RequestKind, UnknownReason};
use crate::trace::{EventKind, Recorder, Redaction};
use crate::watch;

/// How the API handles one exchange.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Responds with a status and a body after this many milliseconds.
    Answer(u64, u16, String),
    /// Responds at once with a body of which only this beginning is read.
    Cut(u16, String),
    /// Breaks the connection after this many milliseconds.
    Lost(u64, UnknownReason),
    /// The harness fails.
    Harness,
    /// Never responds.
    Silence,
}

/// Handles exchanges by a script: a function of the request and the number of earlier ones.
pub struct Scripted<F> {
    script: F,
    exchanges: AtomicUsize,
}

/// A client of a scripted API, with the parts that tests need.
pub struct Rig {
    pub client: Client,
    pub recorder: Recorder,
    pub readiness: watch::Sender<Readiness>,
}

impl Reply {
    /// An immediate response.
    pub fn now(status: u16, body: &str) -> Self {
        Reply::Answer(0, status, body.to_owned())
    }
}

impl<F> Scripted<F>
where
    F: Fn(&HttpRequest, usize) -> Reply + Send + Sync,
{
    pub fn new(script: F) -> Self {
        Scripted {
            script,
            exchanges: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl<F> Transport for Scripted<F>
where
    F: Fn(&HttpRequest, usize) -> Reply + Send + Sync,
{
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let before = self.exchanges.fetch_add(1, Ordering::Relaxed);
        match (self.script)(&request, before) {
            Reply::Answer(after_ms, status, body) => {
                sleep(Duration::from_millis(after_ms)).await;
                Ok(answer(status, body, false))
            }
            Reply::Cut(status, body) => Ok(answer(status, body, true)),
            Reply::Lost(after_ms, reason) => {
                sleep(Duration::from_millis(after_ms)).await;
                let message = reason.to_string();
                Err(ExchangeError::Unanswered { reason, message })
            }
            Reply::Harness => Err(ExchangeError::Harness {
                message: "too many open files".to_owned(),
            }),
            Reply::Silence => std::future::pending().await,
        }
    }

    fn url(&self) -> &str {
        "http://scripted"
    }
}

/// A response with two headers: its length, and `x-mood: fine`.
pub fn answer(status: u16, body: impl Into<Bytes>, is_cut: bool) -> HttpAnswer {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mood = HeaderValue::from_static("fine; and=dandy");
    let headers = [
        (CONTENT_LENGTH, length),
        (HeaderName::from_static("x-mood"), mood),
    ];
    HttpAnswer {
        status,
        headers: headers.into_iter().collect(),
        body,
        is_cut,
    }
}

/// A client with short limits: 1 s for a response, 4 s for a job.
pub fn rig<F>(caps: Caps, script: F) -> Rig
where
    F: Fn(&HttpRequest, usize) -> Reply + Send + Sync + 'static,
{
    rig_of(&[plain_kind(), job_kind()], caps, script)
}

/// The same with these request kinds.
pub fn rig_of<F>(kinds: &[RequestKind], caps: Caps, script: F) -> Rig
where
    F: Fn(&HttpRequest, usize) -> Reply + Send + Sync + 'static,
{
    let recorder = Recorder::new(None, Redaction::default(), u64::MAX);
    let readiness = watch::Sender::new(Readiness::ReadySince(Instant::now()));
    let limits = Limits {
        answer_ms: 1_000,
        job_ms: 4_000,
        ..Limits::default()
    };
    let client = Client::new(ClientParts {
        transport: Arc::new(Scripted::new(script)),
        kinds,
        limits: &limits,
        caps,
        recorder: recorder.clone(),
        readiness: readiness.subscribe(),
        draw: Draw {
            seed: 1,
            index: 0,
            token_prefix: "t".to_owned(),
        },
    })
    .unwrap();
    Rig {
        client,
        recorder,
        readiness,
    }
}

/// `plain`: a request without a job, with the token echoed at `/token`.
pub fn plain_kind() -> RequestKind {
    RequestKind {
        name: "plain".to_owned(),
        weight: 1,
        after: None,
        method: "POST".to_owned(),
        path: "/plain".to_owned(),
        headers: [].into(),
        json: Some(json!({"token": "{token}"})),
        expect: Expect {
            echo: Some("/token".to_owned()),
            ..Expect::default()
        },
        job: None,
    }
}

/// `job`: accepted with an `id`, done in the state `D`, failed in the state `F`.
pub fn job_kind() -> RequestKind {
    RequestKind {
        name: "job".to_owned(),
        path: "/request".to_owned(),
        job: Some(Job {
            id: "/id".to_owned(),
            poll: "/response/{id}".to_owned(),
            state: "/state".to_owned(),
            done: vec!["D".to_owned()],
            failed: vec!["F".to_owned()],
            states: Vec::new(),
            message: Some("/why".to_owned()),
        }),
        ..plain_kind()
    }
}

impl Rig {
    /// The history with one short line per event, beginning with its time in milliseconds.
    pub fn story(&self) -> Vec<String> {
        let line = |at_us: u64, kind| format!("{} {}", at_us / 1000, in_short(kind));
        let history = self.recorder.history();
        history
            .into_iter()
            .map(|event| line(event.at_us, event.kind))
            .collect()
    }
}

fn in_short(kind: EventKind) -> String {
    match kind {
        EventKind::Sent {
            request,
            origin,
            kind,
            token,
            intended_us,
            after,
        } => {
            let after = after.map_or(String::new(), |after| format!(" after {after}"));
            format!(
                "sent {request} {origin} {kind} {token} due {}{after}",
                intended_us / 1000
            )
        }
        EventKind::LookedBack { polls, .. } => format!("looked back at {polls}"),
        EventKind::Accepted { request, job, .. } => format!("accepted {request} as {job}"),
        EventKind::Polled {
            request,
            status,
            state,
            ..
        } => {
            format!(
                "polled {request} {status} {}",
                state.as_deref().unwrap_or("-")
            )
        }
        EventKind::PollLost {
            request,
            reason,
            waited_us,
        } => {
            format!("lost {request} {reason} {}", waited_us / 1000)
        }
        EventKind::Ended {
            request,
            outcome,
            exchange,
            latency_us,
            echo,
        } => {
            let how = match outcome {
                Outcome::Ok => "ok".to_owned(),
                Outcome::Failed {
                    status,
                    job_state,
                    message,
                } => {
                    format!(
                        "failed {status} {} {message:?}",
                        job_state.as_deref().unwrap_or("-")
                    )
                }
                Outcome::Unknown { reason, message } => format!("unknown {reason:?} {message:?}"),
            };
            let echo = echo.as_deref().unwrap_or("-");
            format!(
                "ended {request} {exchange:?} {how} {} {echo}",
                latency_us / 1000
            )
        }
        EventKind::Mismatched { request, mismatch } => match mismatch.asked_by {
            Some(asker) => format!("mismatched {request} {mismatch}, as of {asker}"),
            None => format!("mismatched {request} {mismatch}"),
        },
        EventKind::Trouble { message, .. } => format!("trouble {message}"),
        other => format!("{other:?}"),
    }
}
