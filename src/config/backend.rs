//! `[backend.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::ServiceConfig;
use super::complaint::Problem;
use super::generator::{GeneratorTable, fault_names};
use super::key_path::KeyPath;
use super::request::check_header;
use super::service::{CommandTable, DockerTable, ProcessTable, Ways};
use super::text::{self, DurationText};
use crate::generator::BackendSpace;
use crate::model::{API, BackendName, Executed, FaultName};

const LOG_NOT_SEEN: &str = "the log of a backend that commands drive is not seen";

/// A backend: how it is driven, and how it is asked whether it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendConfig {
    /// Its name.
    pub name: BackendName,
    /// How it is driven.
    pub service: ServiceConfig,
    /// The backends that must be ready before it is started.
    pub after: Vec<BackendName>,
    /// How it is asked whether it is ready.
    pub ready: ReadyConfig,
    /// What its log tells of executions.
    pub executed: Option<Executed>,
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
    /// Whether this address (`host:port`) accepts a TCP connection. Weak: many accept before they
    /// can serve.
    Tcp(String),
    /// Whether a URL answers with a status of success.
    Http {
        /// The URL, with its path and query.
        url: String,
        /// The headers that let the probe in.
        headers: BTreeMap<String, String>,
    },
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
    #[serde(default)]
    after: Vec<BackendName>,
    faults: Option<Vec<String>>,
    executed: Option<String>,
    #[serde(default)]
    exactly_once: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ReadyTable {
    tcp: Option<String>,
    http: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    exec: Option<Vec<String>>,
    log: Option<String>,
    #[serde(default = "default_every")]
    every: DurationText,
    #[serde(default = "default_timeout")]
    timeout: DurationText,
}

fn default_every() -> DurationText {
    DurationText(Duration::from_millis(500))
}

fn default_timeout() -> DurationText {
    DurationText(Duration::from_secs(5))
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
            return Err(Problem::at(key.key("ready").key("log"), LOG_NOT_SEEN)
                .remedy("ask by `tcp`, `http` or `exec`"));
        }
        let executed = executed(&key, self.executed, self.exactly_once, &service)?;
        let space = BackendSpace {
            name: name.clone(),
            faults,
        };
        let backend = BackendConfig {
            name,
            service,
            after: self.after,
            ready,
            executed,
        };
        Ok((backend, space))
    }
}

/// Every name in an `after` has to be that of another backend, and none may wait for itself in the
/// end.
pub(super) fn check_order(backends: &[BackendConfig]) -> Result<(), Problem> {
    let key = |name: &str| KeyPath::of("backend").key(name).key("after");
    for BackendConfig { name, after, .. } in backends {
        let unknown = after
            .iter()
            .find(|other| backends.iter().all(|b| b.name != **other));
        if let Some(unknown) = unknown {
            return Err(
                Problem::at(key(name), format!("there is no backend `{unknown}`")).remedy(
                    "name backends of this configuration; the API is started after all of them",
                ),
            );
        }
    }
    let mut free: BTreeSet<&str> = BTreeSet::new();
    loop {
        let is_next = |b: &&BackendConfig| {
            !free.contains(&*b.name) && b.after.iter().all(|name| free.contains(&**name))
        };
        let next: Vec<&str> = backends.iter().filter(is_next).map(|b| &*b.name).collect();
        if next.is_empty() {
            break;
        }
        free.extend(next);
    }
    let mut stuck = backends.iter().filter(|b| !free.contains(&*b.name));
    let Some(first) = stuck.next() else {
        return Ok(());
    };
    let others: Vec<&str> = stuck.map(|b| &*b.name).collect();
    let what = match &others[..] {
        [] => format!("`{}` waits for itself", first.name),
        others => format!(
            "`{}` and `{}` wait for each other",
            first.name,
            others.join("`, `")
        ),
    };
    Err(Problem::at(key(&first.name), what).remedy("remove one of them from `after`"))
}

/// What the backend's log tells of executions: the pattern of such a line has a group for the
/// token.
fn executed(
    backend: &KeyPath,
    line: Option<String>,
    exactly_once: bool,
    service: &ServiceConfig,
) -> Result<Option<Executed>, Problem> {
    let Some(line) = line else {
        return match exactly_once {
            false => Ok(None),
            true => Err(Problem::at(
                backend.key("exactly-once"),
                "it does not say which lines of the log tell of an execution",
            )
            .remedy("add `executed = \"EXEC (\\\\S+)\"`, whose group is the request's token")),
        };
    };
    let key = backend.key("executed");
    if let ServiceConfig::Command(_) = service {
        return Err(Problem::at(key, LOG_NOT_SEEN)
            .remedy("leave `executed` out, or drive this backend by `docker` or `process`"));
    }
    let line = text::pattern(key.clone(), line)?;
    match regex::Regex::new(&line).map_or(1, |regex| regex.captures_len()) {
        1 => {
            let what = format!("`{line}` has no group that the request's token could be read from");
            Err(Problem::at(key, what)
                .remedy("put the token's place into parentheses, as in \"EXEC (\\\\S+)\""))
        }
        _ => Ok(Some(Executed { line, exactly_once })),
    }
}

impl ReadyTable {
    fn check(self, key: KeyPath) -> Result<ReadyConfig, Problem> {
        if self.http.is_none() && !self.headers.is_empty() {
            let what = "only `http` is asked with headers";
            return Err(
                Problem::at(key.key("headers"), what).remedy("remove them, or ask by `http`")
            );
        }
        let check = match (self.tcp, self.http, self.exec, self.log) {
            (Some(tcp), None, None, None) => ReadyCheck::Tcp(text::address(key.key("tcp"), tcp)?),
            (None, Some(http), None, None) => {
                for (name, value) in &self.headers {
                    check_header(key.key("headers").key(name), name, value)?;
                }
                ReadyCheck::Http {
                    url: text::whole_url(key.key("http"), http)?,
                    headers: self.headers,
                }
            }
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
