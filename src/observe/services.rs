//! The services' own words and fates: log lines, exits, starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::stack::{Observation, Observations, Stack};
use crate::trace::{EventKind, Recorder};

/// Records what happens to every service of a stack, for as long as it lives.
#[derive(Debug)]
pub struct Services {
    _tasks: JoinSet<()>,
}

impl Services {
    /// Starts to observe.
    pub fn observe(stack: &Arc<Stack>, recorder: &Recorder) -> Self {
        let mut tasks = JoinSet::new();
        // All subscriptions are made before the first is read, so that nothing after this call is
        // missed.
        let streams: BTreeMap<String, _> = stack
            .services()
            .map(|(name, driver)| (name.to_owned(), driver.observe()))
            .collect();
        for (service, stream) in streams {
            tasks.spawn(pump(service, stream, recorder.clone()));
        }
        Services { _tasks: tasks }
    }
}

async fn pump(service: String, mut stream: Observations, recorder: Recorder) {
    while let Some(observation) = stream.recv().await {
        recorder.record(event(service.clone(), observation));
    }
}

fn event(service: String, observation: Observation) -> EventKind {
    match observation {
        Observation::Log { line, source_at } => EventKind::Log {
            service,
            line,
            source_at,
        },
        Observation::LinesDropped(lines) => EventKind::LogDropped { service, lines },
        Observation::Exited {
            code,
            oom,
            source_at,
        } => EventKind::Exited {
            service,
            code,
            oom,
            source_at,
        },
        Observation::Started {
            identity,
            source_at,
        } => EventKind::Started {
            service,
            identity,
            source_at,
        },
        Observation::Paused(paused) => EventKind::Paused { service, paused },
        Observation::Lost(message) => EventKind::Trouble {
            during: format!("observing {service}"),
            message,
        },
    }
}
