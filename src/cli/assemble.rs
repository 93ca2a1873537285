//! Concrete parts from settings: drivers, probes, transports.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::app::Variant;
use crate::campaign::Bench;
use crate::config::{BackendConfig, Config, Container, ReadyCheck, ServiceConfig};
use crate::executor::{Executor, ResetPolicy, Settings};
use crate::generator::{BackendSpace, Bounds, FaultName, Space};
use crate::invariant::standard;
use crate::load::{self, Caps, Connections, Fresh, HttpProbe, Pooled, Transport};
use crate::model::{API, LogPatterns, RequestKind};
use crate::nemesis::Journal;
use crate::stack::demo::{self, Demo};
use crate::stack::docker::{DockerDriver, Engine, Selector};
use crate::stack::probe::{ExecProbe, LogProbe, TcpProbe};
use crate::stack::process::ProcessDriver;
use crate::stack::{Backend, Driver, Probe, Stack};
use crate::trace::{KindInfo, Redaction, StackInfo};

/// What state a container of a stack may be found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must run.
    Running,
    /// Any.
    Any,
    /// It is not looked for: the stack is made of the other services only.
    Unneeded,
}

/// The embedded demo: everything a hundred times faster than what the defaults suit.
///
/// # Errors
/// When no port is free.
pub fn demo(variant: Variant, journal: &Arc<Journal>) -> anyhow::Result<Bench> {
    let executable = std::env::current_exe().context("cannot find my own executable")?;
    let demo = Demo::new(executable, variant)?;
    let settings = Settings {
        ready_within: Duration::from_secs(10),
        anchor_timeout: Duration::from_millis(300),
        probe_patience: Duration::from_millis(300),
        probe_every: Duration::from_millis(20),
        ..Settings::default()
    };
    let faults = FaultName::ALL
        .iter()
        .copied()
        .filter(|fault| *fault != FaultName::Cut)
        .collect();
    let backends = vec![BackendSpace {
        name: demo::BACKEND.to_owned(),
        faults,
    }];
    let mix = demo
        .kinds
        .iter()
        .map(|kind| (kind.name.clone(), kind.weight))
        .collect();
    let log = vec![
        "backend connection lost".to_owned(),
        "reconnected".to_owned(),
    ];
    // Outages reach beyond the longest time that an answer may take.
    let bounds = Bounds {
        outage_ms: 5..=3_000,
        max_plan_ms: 4_000,
        ..Bounds::default().scaled(0.01)
    };
    let info = info(
        demo::NAME,
        Some(variant.name()),
        &demo.stack,
        &demo.kinds,
        Connections::Fresh,
    );
    Ok(Bench {
        space: Space::new(backends, mix, log, bounds)?,
        info,
        redaction: Redaction::new(Vec::new(), settings.max_text_bytes),
        executor: Executor {
            stack: Arc::new(demo.stack),
            transport: transport(&demo.url, Connections::Fresh, None)?,
            kinds: demo.kinds,
            caps: Caps::default(),
            limits: demo.limits,
            settings,
            journal: Arc::clone(journal),
        },
        log: LogPatterns {
            detected: Some("backend connection lost".to_owned()),
            reconnected: Some("reconnected".to_owned()),
            forbidden: Vec::new(),
        },
        invariants: standard(),
        reset: ResetPolicy::Always,
    })
}

/// The stack of a configuration.
///
/// # Errors
/// When a service is not there, or a request kind cannot be sent as it is described.
pub async fn configured(
    config: Config,
    journal: &Arc<Journal>,
    presence: Presence,
) -> anyhow::Result<Bench> {
    for kind in &config.kinds {
        load::check(kind)?;
    }
    let mut finder = Finder {
        engine: None,
        presence,
    };
    let mut backends = Vec::new();
    for backend in &config.backends {
        backends.extend(self::backend(backend, &mut finder).await?);
    }
    let api = match &config.api.service {
        Some(service) => driver(API, service, &mut finder).await?,
        None => None,
    };
    let stack = Stack { api, backends };
    let info = info(
        &config.name,
        None,
        &stack,
        &config.kinds,
        config.api.connections,
    );
    Ok(Bench {
        space: config.space,
        info,
        redaction: Redaction::new(config.secrets, config.trial.max_text_bytes),
        executor: Executor {
            stack: Arc::new(stack),
            transport: transport(
                &config.api.url,
                config.api.connections,
                config.api.ca.as_deref(),
            )?,
            kinds: config.kinds,
            caps: config.caps,
            limits: config.limits,
            settings: config.trial,
            journal: Arc::clone(journal),
        },
        log: config.log,
        invariants: standard(),
        reset: config.reset,
    })
}

async fn backend(config: &BackendConfig, finder: &mut Finder) -> anyhow::Result<Option<Backend>> {
    let Some(driver) = driver(&config.name, &config.service, finder).await? else {
        return Ok(None);
    };
    let probe: Box<dyn Probe> = match &config.ready.check {
        ReadyCheck::Tcp(address) => Box::new(TcpProbe {
            address: address.clone(),
        }),
        ReadyCheck::Exec(command) => Box::new(ExecProbe {
            command: command.clone(),
        }),
        ReadyCheck::Http(url) => Box::new(HttpProbe {
            transport: transport(url, Connections::Fresh, None)?,
            path: String::new(),
        }),
        ReadyCheck::Log(pattern) => Box::new(LogProbe::new(pattern, driver.observe())?),
    };
    Ok(Some(Backend {
        name: config.name.clone(),
        driver,
        probe,
        probe_every: config.ready.every,
        probe_timeout: config.ready.timeout,
    }))
}

/// How the containers of one stack are found.
struct Finder {
    /// The engine, once it is needed.
    engine: Option<Engine>,
    presence: Presence,
}

/// A service's driver, if it is needed. All containers are reached through one connection to the engine.
async fn driver(
    name: &str,
    service: &ServiceConfig,
    finder: &mut Finder,
) -> anyhow::Result<Option<Box<dyn Driver>>> {
    let container = match service {
        ServiceConfig::Process(process) => {
            let (command, env) = (process.command.clone(), process.env.clone());
            let dir = Some(process.dir.clone());
            let driver = ProcessDriver::new(name, command, env, dir);
            return Ok(Some(Box::new(driver)));
        }
        ServiceConfig::Docker(container) => container,
    };
    let selector = selector(container);
    if finder.presence == Presence::Unneeded {
        return Ok(None);
    }
    let engine = match &mut finder.engine {
        Some(engine) => engine,
        none => none.insert(Engine::connect().await?),
    };
    Ok(Some(Box::new(match finder.presence {
        Presence::Running => DockerDriver::find(engine, name, &selector).await?,
        Presence::Any | Presence::Unneeded => {
            DockerDriver::find_in_any_state(engine, name, &selector).await?
        }
    })))
}

/// Which container a configuration means.
pub fn selector(container: &Container) -> Selector {
    match container.clone() {
        Container::Named(name) => Selector::Name(name),
        Container::Compose { project, service } => Selector::Compose { project, service },
    }
}

fn transport(
    url: &str,
    connections: Connections,
    ca: Option<&Path>,
) -> anyhow::Result<Arc<dyn Transport>> {
    Ok(match connections {
        Connections::Fresh => Arc::new(Fresh::new(url, ca)?),
        Connections::Pooled => Arc::new(Pooled::new(url, ca)?),
    })
}

fn info(
    name: &str,
    variant: Option<&str>,
    stack: &Stack,
    kinds: &[RequestKind],
    connections: Connections,
) -> StackInfo {
    let kind = |kind: &RequestKind| KindInfo {
        name: kind.name.clone(),
        job: kind.job.is_some(),
        echo: kind.expect.echo.is_some(),
    };
    StackInfo {
        name: name.to_owned(),
        variant: variant.map(str::to_owned),
        backends: stack
            .backends
            .iter()
            .map(|backend| backend.name.clone())
            .collect(),
        kinds: kinds.iter().map(kind).collect(),
        connections: connections.name().to_owned(),
        api_observed: stack.api.is_some(),
    }
}
