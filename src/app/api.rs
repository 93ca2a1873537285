//! The demo's API.
//!
//! | request | answer |
//! |---|---|
//! | `POST /request` | 200 at once: the job's `id` and `RECEIVED`; 503 when the queue is full |
//! | `GET /response/{id}` | 200: the job's `status`, `token` and `description`; 404 for an unknown job |
//! | `POST /sync` | 200 and `COMPLETED` when the work is done; 502 if the connection broke, 503 if not connected, 504 after a timeout |
//! | `GET /ping` | always 200 |
//! | `GET /status` | 200: the state as the API sees it |

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::caller::Caller;
use super::chatter::Chatter;
use super::http::{self, Reply, failure, object};
use super::jobs::{JobStatus, Jobs};
use super::network::serve_each;
use super::processor::Processor;
use super::provider::{CallError, Provider};
use super::{ApiSettings, Crash, Host, Listener, Network, Variant};

/// Serves the API. `network` connects it to the backend. Returns only when the API crashes; all
/// connections break when the future returns or is dropped.
pub async fn serve(
    mut listener: impl Listener,
    network: Arc<dyn Network>,
    settings: ApiSettings,
    host: Host,
) -> Crash {
    let (jobs, queue) = Jobs::new(settings.max_jobs, settings.max_queued);
    let jobs = Arc::new(jobs);
    let provider = Arc::new(Provider::new(network, settings, host.clone()));
    let caller = Arc::new(Caller::new(provider.clone(), settings, &host));
    let processor = Processor::new(
        provider.clone(),
        caller.clone(),
        jobs.clone(),
        settings,
        host.clone(),
    );
    let api = Arc::new(Api {
        jobs,
        provider,
        caller,
        processor,
        chatter: Chatter::new(host.log.clone(), settings.request_lines),
        settings,
    });
    let serve_http = serve_each(&mut listener, &host.log, |stream| {
        let api = api.clone();
        let stream = host.meter.count(stream);
        async move { http::serve(stream, |request| api.answer(request)).await }
    });
    let work = async {
        tokio::join!(api.processor.run(queue), serve_http);
    };
    tokio::select! {
        biased;
        crash = api.provider.keep_connected() => crash,
        () = work => Crash("the job queue was closed".into()),
    }
}

struct Api {
    jobs: Arc<Jobs>,
    provider: Arc<Provider>,
    caller: Arc<Caller>,
    processor: Processor,
    chatter: Chatter,
    settings: ApiSettings,
}

impl Api {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        self.chatter
            .line(format_args!("{} {}", head.method, head.uri.path()));
        // BUG blocking-reconnect: nothing else runs until the backend is back.
        if self.settings.is(Variant::BlockingReconnect) {
            self.provider.until_connected().await;
        }
        match (&head.method, head.uri.path()) {
            (&Method::POST, "/request") => self.submit(body).await,
            (&Method::POST, "/sync") => self.work(body).await,
            (&Method::GET, "/ping") => (StatusCode::OK, json!({ "ping": "pong" })),
            (&Method::GET, "/status") => self.status(),
            (&Method::GET, path) if path.starts_with("/response/") => {
                self.job(path.trim_start_matches("/response/"))
            }
            (method, path) => failure(StatusCode::NOT_FOUND, format!("no {method} {path} here")),
        }
    }

    async fn submit(&self, body: Incoming) -> Reply {
        let token = match token(body).await {
            Ok(token) => token,
            Err(reply) => return reply,
        };
        let most = match self.provider.connected() {
            true => self.settings.max_queued,
            false => self.settings.max_queued_away,
        };
        match self.jobs.submit(token, most) {
            Ok(id) => (
                StatusCode::OK,
                json!({ "id": id.to_string(), "status": JobStatus::Received }),
            ),
            Err(full) => failure(StatusCode::SERVICE_UNAVAILABLE, full),
        }
    }

    async fn work(&self, body: Incoming) -> Reply {
        let token = match token(body).await {
            Ok(token) => token,
            Err(reply) => return reply,
        };
        match self.caller.call(token).await {
            Ok(answer) => (
                StatusCode::OK,
                json!({
                    "status": JobStatus::Completed,
                    "token": answer.token,
                    "description": answer.result,
                }),
            ),
            // BUG swallowed-error: a handler catches every error and returns a response that nobody
            // filled in.
            Err(CallError::Broken) if self.settings.is(Variant::SwallowedError) => {
                (StatusCode::OK, json!({}))
            }
            Err(error) => failure(status_of(error), error),
        }
    }

    fn job(&self, id: &str) -> Reply {
        match id.parse().ok().and_then(|id| self.jobs.get(id)) {
            Some(job) => (
                StatusCode::OK,
                json!({
                    "id": id,
                    "status": job.status,
                    "token": job.token,
                    "description": job.description,
                }),
            ),
            None => failure(StatusCode::NOT_FOUND, format!("there is no job `{id}`")),
        }
    }

    fn status(&self) -> Reply {
        (
            StatusCode::OK,
            json!({
                "connected": self.provider.connected(),
                "processor": self.processor.state(),
                "queued": self.jobs.queued(),
            }),
        )
    }
}

async fn token(body: Incoming) -> Result<Value, Reply> {
    let mut object = object(body).await?;
    Ok(object.remove("token").unwrap_or(Value::Null))
}

fn status_of(error: CallError) -> StatusCode {
    match error {
        CallError::Broken | CallError::StaleHandle => StatusCode::BAD_GATEWAY,
        CallError::Unavailable
        | CallError::WarmingUp
        | CallError::BreakerOpen
        | CallError::NoSlot => StatusCode::SERVICE_UNAVAILABLE,
        CallError::Deadline(_) => StatusCode::GATEWAY_TIMEOUT,
    }
}
