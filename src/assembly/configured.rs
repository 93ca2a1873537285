//! Concrete parts from settings: drivers, probes, transports.

use std::path::Path;
use std::sync::Arc;

use super::program::program;
use super::this_machine;
use super::{AssemblyError, Blueprint};
use crate::campaign::{LiveRunner, StackHandle, stack_info};
use crate::config::{BackendConfig, Config, ContainerName, LinkConfig, ReadyCheck, ServiceConfig};
use crate::executor::Executor;
use crate::invariant::standard;
use crate::load::{self, Connections, HttpProbe, Pooled, Transport, Unpooled};
use crate::model::API;
use crate::nemesis::Journal;
use crate::stack::command::{CommandDriver, Commands};
use crate::stack::docker::{DockerDriver, Engine, Selector, published_alike};
use crate::stack::link::{LinkSource, LinkedDriver};
use crate::stack::probe::{ExecProbe, LogProbe, TcpProbe};
use crate::stack::process::ProcessDriver;
use crate::stack::{Backend, Driver, Probe, Stack};
use crate::trace::{Redaction, StackInfo};

/// What state a container of a stack may be found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must run.
    Running,
    /// Any.
    Any,
    /// Any, and it is only looked at: one that could not be brought back may be, too.
    Observed,
    /// It is not looked for: the stack is made of the other services only.
    Unneeded,
}

/// The stack of a configuration.
///
/// # Errors
/// When a service is not there or could not be brought back, a part is on another machine and that
/// is not allowed, or a request kind cannot be sent as it is described.
pub async fn configured(
    blueprint: Blueprint,
    journal: &Arc<Journal>,
    presence: Presence,
) -> Result<StackHandle, AssemblyError> {
    let Blueprint {
        mut config,
        ports,
        original,
        ..
    } = blueprint;
    load::check(&config.kinds)?;
    this_machine::check(&config).await?;
    let mut finder = Finder {
        engine: None,
        presence,
    };
    if let Some(original) = original {
        follow_ports(&mut config, &original, finder.engine().await?).await?;
    }
    let mut backends = Vec::new();
    for backend in &config.backends {
        backends.extend(self::backend(backend, &mut finder).await?);
    }
    let api = match &config.api.service {
        Some(service) => driver(API, service, &mut finder).await?,
        None => None,
    };
    let stack = Stack {
        api,
        backends,
        ports,
    };
    let executed = config.backends.iter().filter_map(|backend| {
        let executed = backend.executed.clone()?;
        Some((backend.name.clone(), executed))
    });
    let info = StackInfo {
        executed: executed.collect(),
        ..stack_info(
            &config.name,
            None,
            &stack,
            &config.kinds,
            config.api.connections,
        )
    };
    Ok(StackHandle {
        runner: Box::new(LiveRunner),
        space: config.space,
        info,
        redaction: Redaction::new(&config.secrets, config.trial.max_text_bytes),
        executor: Executor {
            stack: Arc::new(stack),
            transport: transport(
                &config.api.url,
                config.api.connections,
                config.api.ca.as_deref(),
                config.api.max_body_bytes,
            )?,
            kinds: config.kinds,
            caps: config.caps,
            limits: config.limits,
            settings: config.trial,
            journal: Arc::clone(journal),
        },
        log: config.log,
        invariants: standard(),
        reset_policy: config.reset,
    })
}

async fn backend(
    config: &BackendConfig,
    finder: &mut Finder,
) -> Result<Option<Backend>, AssemblyError> {
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
        ReadyCheck::Http { url, headers } => Box::new(HttpProbe::of_url(url, headers)?),
        ReadyCheck::Log(pattern) => Box::new(LogProbe::new(pattern, driver.observe())?),
    };
    let driver: Box<dyn Driver> = match &config.link {
        Some(link) => {
            let source = link_source(&config.name, link)?;
            Box::new(LinkedDriver::new(&config.name, driver, source))
        }
        None => driver,
    };
    Ok(Some(Backend {
        name: config.name.clone(),
        driver,
        probe,
        after: config.after.clone(),
        probe_every: config.ready.every,
        probe_timeout: config.ready.timeout,
    }))
}

/// Where a backend's link comes from.
fn link_source(backend: &str, link: &LinkConfig) -> Result<LinkSource, AssemblyError> {
    Ok(match link {
        LinkConfig::Running(control) => LinkSource::Running(control.clone()),
        LinkConfig::Started(paths) => LinkSource::Started {
            program: program().ok_or_else(|| AssemblyError::NoLinkProgram {
                backend: backend.to_owned(),
            })?,
            paths: paths.clone(),
        },
    })
}

/// How the containers of one stack are found.
struct Finder {
    /// The engine, once it is needed.
    engine: Option<Engine>,
    presence: Presence,
}

impl Finder {
    async fn engine(&mut self) -> Result<&Engine, AssemblyError> {
        Ok(match &mut self.engine {
            Some(engine) => engine,
            none => none.insert(Engine::connect().await?),
        })
    }
}

/// Replaces the stack's published ports by those of its copy's containers.
async fn follow_ports(
    copy: &mut Config,
    original: &Config,
    engine: &Engine,
) -> Result<(), AssemblyError> {
    if let (Some(ServiceConfig::Docker(from)), Some(ServiceConfig::Docker(to))) =
        (&original.api.service, &copy.api.service)
    {
        copy.api.url = url_of_copy(&copy.api.url, &selector(from), &selector(to), engine).await?;
    }
    for (backend, original) in copy.backends.iter_mut().zip(&original.backends) {
        let (ServiceConfig::Docker(from), ServiceConfig::Docker(to)) =
            (&original.service, &backend.service)
        else {
            continue;
        };
        let (from, to) = (selector(from), selector(to));
        match &mut backend.ready.check {
            ReadyCheck::Http { url, .. } => *url = url_of_copy(url, &from, &to, engine).await?,
            ReadyCheck::Tcp(address) => {
                // It was checked when it was read.
                if let Some((host, port)) = address.rsplit_once(':')
                    && let Ok(port) = port.parse()
                {
                    let port = published_alike(engine, &from, &to, port).await?;
                    *address = format!("{host}:{port}");
                }
            }
            ReadyCheck::Exec(_) | ReadyCheck::Log(_) => {}
        }
    }
    Ok(())
}

async fn url_of_copy(
    url: &str,
    from: &Selector,
    to: &Selector,
    engine: &Engine,
) -> Result<String, AssemblyError> {
    let no_port = || AssemblyError::NoPort {
        url: url.to_owned(),
    };
    let uri: hyper::Uri = url.parse().map_err(|_| no_port())?;
    let port = uri.port_u16().ok_or_else(no_port)?;
    let port = published_alike(engine, from, to, port).await?;
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri.host().unwrap_or_default();
    // The rest stays as it is written: a slash at the end and a query are part of what a probe asks
    // for.
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let rest = url.split_once(authority).map_or("", |(_, rest)| rest);
    Ok(format!("{scheme}://{host}:{port}{rest}"))
}

/// A service's driver, if it is needed. All containers are reached through one connection to the
/// engine.
async fn driver(
    name: &str,
    service: &ServiceConfig,
    finder: &mut Finder,
) -> Result<Option<Box<dyn Driver>>, AssemblyError> {
    let container = match service {
        ServiceConfig::Process(process) => {
            let (command, env) = (process.command.clone(), process.env.clone());
            let dir = Some(process.dir.clone());
            let driver =
                ProcessDriver::new(name, command, env, dir).stopped_by(process.stop_signal);
            return Ok(Some(Box::new(driver)));
        }
        ServiceConfig::Command(command) => {
            let command = command.clone();
            let driver = CommandDriver::new(Commands {
                name: name.to_owned(),
                start: command.start,
                stop: command.stop,
                kill: command.kill,
                status: command.status,
                dir: command.dir,
                limit: command.timeout,
            });
            return Ok(Some(Box::new(driver)));
        }
        ServiceConfig::Docker(container) => container,
    };
    let selector = selector(container);
    if finder.presence == Presence::Unneeded {
        return Ok(None);
    }
    let presence = finder.presence;
    let engine = finder.engine().await?;
    Ok(Some(Box::new(match presence {
        Presence::Running => DockerDriver::find(engine, name, &selector).await?,
        Presence::Any => DockerDriver::find_in_any_state(engine, name, &selector).await?,
        Presence::Observed | Presence::Unneeded => {
            DockerDriver::find_to_observe(engine, name, &selector).await?
        }
    })))
}

/// Which container a configuration means.
pub fn selector(container: &ContainerName) -> Selector {
    match container.clone() {
        ContainerName::Named(name) => Selector::Name(name),
        ContainerName::Compose { project, service } => Selector::Compose { project, service },
    }
}

/// How requests reach the API at a URL, and how much of a body is read.
///
/// # Errors
/// When the URL or the file of certificate authorities is no good.
fn transport(
    url: &str,
    connections: Connections,
    ca: Option<&Path>,
    max_body_bytes: usize,
) -> Result<Arc<dyn Transport>, AssemblyError> {
    Ok(match connections {
        Connections::Fresh => Arc::new(Unpooled::new(url, ca)?.max_body(max_body_bytes)),
        Connections::Pooled => Arc::new(Pooled::new(url, ca)?.max_body(max_body_bytes)),
    })
}
