//! Load beside a bare loop over the same client library: many senders without a pause, with the
//! trace written.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use comeback::app::Variant;
use comeback::demo;
use comeback::executor::Settings;
use comeback::load::{
    Caps, Client, ClientParts, Draw, Pooled, Readiness, Transport, Unpooled, burst,
};
use comeback::model::{Burst, Expect, Limits, Mix, Pace, Plan, RequestKind};
use comeback::trace::{Event, EventKind, Origin, Recorder, Redaction, TraceWriter};
use comeback::watched;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::schedule::percentile;
use crate::{Effort, repeats, service};

const API: &str = "127.0.0.1:21765";

/// A client that does nothing but send and read.
type BareClient = hyper_util::client::legacy::Client<HttpConnector, Empty<Bytes>>;

/// Senders at once.
const SENDERS: u32 = 32;

/// The server that is asked.
pub struct Server(Child);

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> anyhow::Result<Self> {
        Ok(Server(service::start(&service::command(API, None))?))
    }

    /// Starts one that takes a while for each answer.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn taking(takes: Duration) -> anyhow::Result<Self> {
        Ok(Server(service::start(&service::slow_command(API, takes))?))
    }

    /// Its process.
    pub fn process(&self) -> &Child {
        &self.0
    }

    /// How late the requests of an open loop were sent, in microseconds: the 99th percentile.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn lateness_us(&self, count: u32, rate: u32) -> anyhow::Result<f64> {
        let transport = Arc::new(Pooled::new(&url(), None)?);
        let pace = Pace::Open {
            rate_per_s: f64::from(rate),
        };
        let (_, events) = ours(transport, count, 256, pace).await?;
        let late = events.iter().filter_map(|event| match event.kind {
            EventKind::Sent { intended_us, .. } => Some(event.at_us.saturating_sub(intended_us)),
            _ => None,
        });
        Ok(percentile(late.map(|us| us as f64).collect(), 99))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which a request would have shown.
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// Its address.
pub fn url() -> String {
    format!("http://{API}")
}

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let _server = Server::start()?;
    let runtime = Runtime::new()?;
    let requests = |many: u32| if effort.brief { many / 100 } else { many };
    repeats::head("bare loop");
    for senders in [1, SENDERS] {
        let count = requests(if senders == 1 { 20_000 } else { 100_000 });
        let rates = repeats::in_turn(
            effort.repeats,
            || runtime.block_on(per_s(Arc::new(Pooled::new(&url(), None)?), count, senders)),
            || runtime.block_on(pooled_loop(count, senders)),
        )?;
        row("pooled", senders, &rates);
    }
    let count = requests(20_000);
    let rates = repeats::in_turn(
        effort.repeats,
        || {
            let transport = Arc::new(Unpooled::new(&url(), None)?);
            runtime.block_on(per_s(transport, count, SENDERS))
        },
        || runtime.block_on(fresh_loop(count, SENDERS)),
    )?;
    row("fresh", SENDERS, &rates);
    Ok(())
}

/// Requests per second of a burst without a pause.
async fn per_s(transport: Arc<dyn Transport>, count: u32, senders: u32) -> anyhow::Result<f64> {
    let began = Instant::now();
    ours(transport, count, senders, Pace::Closed { think_ms: 0 }).await?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

fn row(connections: &str, senders: u32, rates: &(repeats::Figures, repeats::Figures)) {
    let what = format!("{connections}, {senders} senders, trace on");
    repeats::row(&what, "requests/s", rates);
}

/// Sends a burst as a trial does, and returns its history, and when its clock began.
///
/// # Errors
/// When a request is not answered.
pub async fn ours(
    transport: Arc<dyn Transport>,
    count: u32,
    senders: u32,
    pace: Pace,
) -> anyhow::Result<(Instant, Vec<Event>)> {
    let folder = tempfile::tempdir()?;
    let writer = TraceWriter::create(
        &folder.path().join("trace.jsonl"),
        &demo::simulated(Variant::Healthy)?.header(0),
        &Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: Vec::new(),
        },
    )?;
    let recorder = Recorder::new(
        Some(writer),
        Redaction::new(&[], Settings::default().max_text_bytes),
        u64::MAX,
    );
    let began = Instant::now();
    let (_backends, readiness) = watched::channel(Readiness::Away);
    let client = Client::new(ClientParts {
        transport,
        kinds: &[kind()],
        limits: &Limits::default(),
        caps: Caps {
            requests: u64::MAX,
            rate_per_s: 1e6,
            in_flight: 1_024,
        },
        recorder: recorder.clone(),
        readiness,
        draw: Draw {
            seed: 1,
            index: 0,
            token_prefix: "1-0".to_owned(),
        },
    })?;
    let requests = Burst {
        count,
        concurrency: senders,
        pace,
        mix: Mix::from([("ask".to_owned(), 1)]),
    };
    burst(&client, &Origin::Step("b1".into()), &requests).await;
    let (events, _) = recorder.finish();
    let is_ok =
        |kind: &EventKind| matches!(kind, EventKind::Ended { outcome, .. } if outcome.is_ok());
    let ok = events.iter().filter(|event| is_ok(&event.kind)).count();
    ensure!(ok == count as usize, "{ok} of {count} succeeded");
    Ok((began, events))
}

fn kind() -> RequestKind {
    RequestKind {
        name: "ask".to_owned(),
        weight: 1,
        after: None,
        method: "GET".to_owned(),
        path: "/ask".to_owned(),
        headers: BTreeMap::new(),
        json: None,
        expect: Expect::default(),
        job: None,
    }
}

/// The client library that pooled load uses, and what to ask of the server.
fn bare_client() -> anyhow::Result<(BareClient, hyper::Uri)> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(tcp);
    Ok((client, format!("{}/ask", url()).parse()?))
}

/// Requests per second of tasks that do nothing but send and read.
async fn pooled_loop(count: u32, senders: u32) -> anyhow::Result<f64> {
    let (client, uri) = bare_client()?;
    in_parallel(count, senders, move || {
        let answer = client.get(uri.clone());
        async {
            let answer = answer.await?;
            ensure!(answer.status().is_success(), "{}", answer.status());
            answer.into_body().collect().await?;
            Ok(())
        }
    })
    .await
}

/// The median of requests that are sent one after the other, in microseconds.
///
/// # Errors
/// When one is not answered.
pub async fn pooled_median_us(count: u32) -> anyhow::Result<f64> {
    let (client, uri) = bare_client()?;
    let mut took_us = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        client.get(uri.clone()).await?.into_body().collect().await?;
        took_us.push(began.elapsed().as_micros() as f64);
    }
    Ok(percentile(took_us, 50))
}

async fn fresh_loop(count: u32, senders: u32) -> anyhow::Result<f64> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()?;
    let url = format!("{}/ask", url());
    in_parallel(count, senders, move || {
        let answer = client.get(&url).send();
        async {
            let answer = answer.await?;
            ensure!(answer.status().is_success(), "{}", answer.status());
            answer.bytes().await?;
            Ok(())
        }
    })
    .await
}

/// Does something `count` times, by `senders` tasks at once, and returns how often a second.
async fn in_parallel<F>(
    count: u32,
    senders: u32,
    one: impl Fn() -> F + Clone + Send + 'static,
) -> anyhow::Result<f64>
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..senders {
        let (next, one) = (Arc::clone(&next), one.clone());
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < u64::from(count) {
                one().await?;
            }
            anyhow::Ok(())
        });
    }
    for sent in tasks.join_all().await {
        sent?;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
