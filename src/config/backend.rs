//! `[backend.NAME]`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::complaint::Problem;
use super::generator::{GeneratorTable, fault_names};
use super::service::{CommandTable, DockerTable, ProcessTable, Ways};
use super::text::{self, Time};
use super::{KeyPath, ServiceConfig};
use crate::generator::{BackendSpace, FaultName};
use crate::model::{API, BackendName};

/// A backend: how it is driven, and how it is asked whether it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendConfig {
    /// Its name.
    pub name: BackendName,
    /// How it is driven.
    pub service: ServiceConfig,
    /// How it is asked whether it is ready.
    pub ready: ReadyConfig,
}

/// How a backend is asked, past the API, whether it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyConfig {
    /// What is asked.
    pub check: ReadyCheck,
    /// How long from one question to the next.
    pub every: Duration,
    /// How long an answer may take; later means not ready.
    pub timeout: Duration,
}

/// What a backend is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadyCheck {
    /// Whether this address (`host:port`) accepts a TCP connection. Weak: many accept before they can serve.
    Tcp(String),
    /// Whether this URL answers with a status of success.
    Http(String),
    /// Whether this command, run where the backend runs, succeeds.
    Exec(Vec<String>),
    /// Whether its log has shown a line that matches this pattern since it was started.
    Log(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct BackendTable {
    docker: Option<DockerTable>,
    process: Option<ProcessTable>,
    command: Option<CommandTable>,
    ready: ReadyTable,
    faults: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ReadyTable {
    tcp: Option<String>,
    http: Option<String>,
    exec: Option<Vec<String>>,
    log: Option<String>,
    #[serde(default = "default_every")]
    every: Time,
    #[serde(default = "default_timeout")]
    timeout: Time,
}

fn default_every() -> Time {
    Time(Duration::from_millis(500))
}

fn default_timeout() -> Time {
    Time(Duration::from_secs(5))
}

impl BackendTable {
    /// The backend, and what plans may do to it.
    pub(super) fn check(
        self,
        name: BackendName,
        directory: &Path,
        generator: &GeneratorTable,
    ) -> Result<(BackendConfig, BackendSpace), Problem> {
        let key = KeyPath::of("backend").key(&name);
        if [API, "baseline"].contains(&name.as_str()) {
            return Err(
                Problem::at(key, format!("no backend may be called `{name}`")).remedy(
                    "choose another name: traces and reports use this one for something else",
                ),
            );
        }
        let ways = Ways {
            docker: self.docker,
            process: self.process,
            command: self.command,
        };
        let Some(service) = ways.check(&key, directory)? else {
            return Err(Problem::at(
                key,
                "it does not say how this backend is stopped and started",
            )
            .remedy("add `docker = { name = \"…\" }`, `process = { command = [\"…\"] }` or `command = { start = [\"…\"], … }`"));
        };
        let mut faults = match &self.faults {
            Some(names) => fault_names(&key.key("faults"), names)?,
            None => generator.faults()?,
        };
        if matches!(service, ServiceConfig::Process(_)) && faults.contains(&FaultName::Cut) {
            let what = "a local process cannot be cut off from the network";
            return Err(Problem::at(key, what).remedy(
                "give this backend `faults` without `cut`; `pause` is what comes nearest",
            ));
        }
        if let ServiceConfig::Command(commands) = &service {
            let beyond = |fault: &FaultName| !commands.allows(*fault);
            match (&self.faults, faults.iter().find(|fault| beyond(fault))) {
                (Some(_), Some(fault)) => {
                    let what = format!("no command of this backend does a `{fault}`");
                    return Err(Problem::at(key.key("faults"), what).remedy(
                        "`stop` needs the command `stop`, `kill` and `rapid` need `kill`; other faults cannot be done by commands",
                    ));
                }
                _ => faults.retain(|fault| !beyond(fault)),
            }
        }
        let ready = self.ready.check(key.key("ready"))?;
        if let (ServiceConfig::Command(_), ReadyCheck::Log(_)) = (&service, &ready.check) {
            let what = "the log of a backend that commands drive is not seen";
            return Err(Problem::at(key.key("ready").key("log"), what)
                .remedy("ask by `tcp`, `http` or `exec`"));
        }
        let space = BackendSpace {
            name: name.clone(),
            faults,
        };
        let backend = BackendConfig {
            name,
            service,
            ready,
        };
        Ok((backend, space))
    }
}

impl ReadyTable {
    fn check(self, key: KeyPath) -> Result<ReadyConfig, Problem> {
        let check = match (self.tcp, self.http, self.exec, self.log) {
            (Some(tcp), None, None, None) => ReadyCheck::Tcp(text::address(key.key("tcp"), tcp)?),
            (None, Some(http), None, None) => ReadyCheck::Http(text::url(key.key("http"), &http)?),
            (None, None, Some(exec), None) => {
                ReadyCheck::Exec(text::command(key.key("exec"), exec)?)
            }
            (None, None, None, Some(log)) => ReadyCheck::Log(text::pattern(key.key("log"), log)?),
            _ => {
                return Err(Problem::at(key, "a backend is asked in exactly one way")
                    .remedy("give one of `tcp`, `http`, `exec` and `log`"));
            }
        };
        Ok(ReadyConfig {
            check,
            every: self.every.above_zero(key.key("every"))?,
            timeout: self.timeout.above_zero(key.key("timeout"))?,
        })
    }
}
