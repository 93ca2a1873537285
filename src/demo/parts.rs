//! What the demo consists of and how it is used, live and simulated alike.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use crate::app::{Network, health};
use crate::model::{Expect, Job, LatencyLimits, Limits, RequestKind, ResourceLimits};
use crate::stack::{Backend, Driver, Probe};

/// The name of the demo's stack.
pub const NAME: &str = "demo";

/// The name of the demo's one backend.
pub const BACKEND: &str = "backend";

/// Asks the demo's backend in its own protocol.
struct HealthProbe {
    backend: Box<dyn Network>,
}

/// The demo's backend, over a live or simulated network.
pub(super) fn backend(driver: Box<dyn Driver>, network: Box<dyn Network>) -> Backend {
    Backend {
        name: BACKEND.to_owned(),
        driver,
        probe: Box::new(HealthProbe { backend: network }),
        after: Vec::new(),
        probe_every: Duration::from_millis(10),
        probe_timeout: Duration::from_millis(200),
    }
}

/// How the demo's API is used: jobs, and synchronous requests half as often.
pub fn kinds() -> Vec<RequestKind> {
    let expect = Expect {
        status: Some(200),
        echo: Some("/token".to_owned()),
        ..Expect::default()
    };
    let job = RequestKind {
        name: "job".to_owned(),
        weight: 2,
        after: None,
        method: "POST".to_owned(),
        path: "/request".to_owned(),
        headers: BTreeMap::new(),
        json: Some(json!({ "prompt": "say {pick:hello|good bye} to {n}", "token": "{token}" })),
        expect: Expect {
            json: BTreeMap::from([("/status".to_owned(), json!("RECEIVED"))]),
            ..expect.clone()
        },
        job: Some(Job {
            id: "/id".to_owned(),
            poll: "/response/{id}".to_owned(),
            state: "/status".to_owned(),
            done: vec!["COMPLETED".to_owned()],
            failed: vec!["ERROR".to_owned()],
            states: vec!["RUNNING".to_owned()],
            message: Some("/description".to_owned()),
        }),
    };
    let sync = RequestKind {
        name: "sync".to_owned(),
        weight: 1,
        path: "/sync".to_owned(),
        expect: Expect {
            json: BTreeMap::from([("/status".to_owned(), json!("COMPLETED"))]),
            ..expect
        },
        job: None,
        ..job.clone()
    };
    vec![job, sync]
}

/// The limits of the demo's API: about a hundredth of the defaults, and still safe on a busy
/// machine.
pub fn limits() -> Limits {
    Limits {
        answer_ms: 1_000,
        job_ms: 1_500,
        recovery_ms: 2_000,
        // A loop without a pause writes that much within a second; an API that is only talkative
        // does not within ten.
        log_lines_per_s: 40,
        // At rest the demo's API always holds the same number of descriptors, and the same memory
        // to a MiB.
        resources: Some(ResourceLimits {
            cpu_percent: 20,
            cpu_window_ms: 300,
            fds: 0,
            threads: 0,
            memory_mib: 8,
            ..ResourceLimits::default()
        }),
        latency: Some(LatencyLimits {
            percent: 200,
            slack_ms: 40,
        }),
        ..Limits::default()
    }
}

#[async_trait]
impl Probe for HealthProbe {
    async fn ready(&self, _driver: &dyn Driver) -> Result<(), String> {
        let stream = self.backend.connect().await;
        health(stream.map_err(|error| error.to_string())?).await
    }

    fn means(&self) -> String {
        "its health, in its own protocol".to_owned()
    }
}
