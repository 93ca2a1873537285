//! What the services do: log lines, exits, starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::link::Sight;
use crate::stack::{Observation, Observations, Stack};
use crate::trace::{EventKind, Recorder};

/// Records what happens to every service of a stack until it is dropped.
#[derive(Debug)]
pub struct Services {
    _tasks: JoinSet<()>,
}

impl Services {
    /// Starts observing.
    pub fn observe(stack: &Arc<Stack>, recorder: &Recorder) -> Self {
        // All subscriptions are made before the first is read, so that nothing after this call is
        // missed.
        let services = stack.services();
        let streams = services.map(|(name, driver)| (name.to_owned(), driver.observe()));
        let streams: BTreeMap<String, Observations> = streams.collect();
        let pumps = streams.into_iter();
        let pumps = pumps.map(|(service, stream)| pump(service, stream, recorder.clone()));
        Services {
            _tasks: pumps.collect(),
        }
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
        Observation::Link(sight) => link_event(service, sight),
        Observation::Paused(paused) => EventKind::Paused { service, paused },
        Observation::Lost(message) => EventKind::Trouble {
            during: format!("observing {service}"),
            message,
        },
    }
}

fn link_event(backend: String, sight: Sight) -> EventKind {
    match sight {
        Sight::Opened { connection, path } => EventKind::LinkOpened {
            backend,
            connection,
            path: path as u64,
        },
        Sight::Failed { connection, reason } => EventKind::LinkFailed {
            backend,
            connection,
            reason,
        },
        Sight::FirstByte {
            connection,
            direction,
        } => EventKind::LinkFirstByte {
            backend,
            connection,
            direction,
        },
        Sight::Closed {
            connection,
            by,
            to_backend_bytes,
            from_backend_bytes,
        } => EventKind::LinkClosed {
            backend,
            connection,
            by,
            to_backend_bytes,
            from_backend_bytes,
        },
        Sight::Counted { opened, closed } => EventKind::LinkCounted {
            backend,
            opened,
            closed,
        },
    }
}
