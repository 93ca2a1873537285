//! `[backend.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::ServiceConfig;
use super::complaint::Problem;
use super::generator::{GeneratorTable, fault_names};
use super::key_path::KeyPath;
use super::link::{LinkConfig, LinkTable};
use super::service::{self, CommandTable, DockerTable, ProcessTable};
use super::text::{self, DurationText};
use crate::generator::BackendSpace;
use crate::load;
use crate::model::{API, BackendName, Executed, FaultName, LinkFaultName};

const NO_LOG: &str = "comeback cannot see the log of a backend with `command`";

/// A backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendConfig {
    /// Its name.
    pub name: BackendName,
    /// How it is driven.
    pub service: ServiceConfig,
    /// The backends that must be ready before this one is started.
    pub after: Vec<BackendName>,
    /// The direct readiness probe.
    pub ready: ReadyConfig,
    /// The log lines that report executions.
    pub executed: Option<Executed>,
    /// The link that leads to it, if there is one.
    pub link: Option<LinkConfig>,
}

/// A readiness probe that reaches the backend directly, not through the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyConfig {
    /// What makes the backend ready.
    pub check: ReadyCheck,
    /// The interval between probes.
    pub every: Duration,
    /// The timeout of one probe. A probe that takes longer counts as "not ready".
    pub timeout: Duration,
}

/// What makes a backend ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadyCheck {
    /// This address (`host:port`) accepts TCP connections. Weak: many servers accept before they
    /// can serve.
    Tcp(String),
    /// A `GET` of a URL returns a 2xx status.
    Http {
        /// The URL, with path and query.
        url: String,
        /// Request headers, such as credentials.
        headers: BTreeMap<String, String>,
    },
    /// This command succeeds where the backend runs.
    Exec(Vec<String>),
    /// The log has shown a line that matches this pattern since the last start.
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
    link: Option<LinkTable>,
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
    /// The backend, and the faults that plans may use on it.
    pub(super) fn check(
        self,
        name: BackendName,
        directory: &Path,
        generator: &GeneratorTable,
    ) -> Result<(BackendConfig, BackendSpace), Problem> {
        let key = KeyPath::of("backend").key(&name);
        if [API, "baseline"].contains(&name.as_str()) {
            return Err(
                Problem::at(key, format!("the name `{name}` is reserved")).remedy(
                    "choose another name: traces and reports use this one for something else",
                ),
            );
        }
        let service = service::check(&key, directory, self.docker, self.process, self.command)?;
        let Some(service) = service else {
            let what = "it does not say how to stop and start this backend";
            return Err(Problem::at(key, what).remedy("add `docker = { name = \"…\" }`, `process = { command = [\"…\"] }` or `command = { start = [\"…\"], … }`"));
        };
        let mut faults = match &self.faults {
            Some(names) => fault_names(&key.key("faults"), names)?,
            None => generator.faults()?,
        };
        let link = self
            .link
            .map(|link| link.check(&key.key("link")))
            .transpose()?;
        match (
            &link,
            &self.faults,
            faults.iter().find(|fault| fault.needs_link()),
        ) {
            (None, Some(_), Some(fault)) => return Err(no_link(&key, *fault)),
            // What all backends may have, this one cannot.
            (None, None, _) => faults.retain(|fault| !fault.needs_link()),
            (Some(_), None, _) if !generator.lists_faults() => {
                faults.extend(LinkFaultName::ALL.map(FaultName::Link));
            }
            _ => {}
        }
        if matches!(service, ServiceConfig::Process(_)) && faults.contains(&FaultName::Cut) {
            let what = "a local process cannot be cut off from the network";
            return Err(Problem::at(key, what)
                .remedy("list `faults` without `cut`; `pause` is the closest one"));
        }
        if let ServiceConfig::Command(commands) = &service {
            let impossible = |fault: &FaultName| !commands.allows(*fault);
            match (&self.faults, faults.iter().find(|fault| impossible(fault))) {
                (Some(_), Some(fault)) => {
                    let what = format!("this backend has no command for the fault `{fault}`");
                    return Err(Problem::at(key.key("faults"), what).remedy(
                        "`stop` needs the command `stop`, `kill` and `rapid` need `kill`; commands cannot do other faults",
                    ));
                }
                _ => faults.retain(|fault| !impossible(fault)),
            }
        }
        let ready = self.ready.check(key.key("ready"))?;
        if let (ServiceConfig::Command(_), ReadyCheck::Log(_)) = (&service, &ready.check) {
            return Err(Problem::at(key.key("ready").key("log"), NO_LOG)
                .remedy("use `tcp`, `http` or `exec`"));
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
            link,
        };
        Ok((backend, space))
    }
}

fn no_link(backend: &KeyPath, fault: FaultName) -> Problem {
    let what = format!("the fault `{fault}` needs a link to this backend");
    Problem::at(backend.key("faults"), what)
        .remedy("add `link = { listen = \"…\", to = \"…\" }`, and point the API at `listen`")
}

/// Checks that every name in an `after` is a backend, and that no backend waits for itself,
/// directly or through others.
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
    let mut started: BTreeSet<&str> = BTreeSet::new();
    loop {
        let can_start = |b: &&BackendConfig| {
            !started.contains(&*b.name) && b.after.iter().all(|name| started.contains(&**name))
        };
        let next: Vec<&str> = backends
            .iter()
            .filter(can_start)
            .map(|b| &*b.name)
            .collect();
        if next.is_empty() {
            break;
        }
        started.extend(next);
    }
    let mut stuck = backends.iter().filter(|b| !started.contains(&*b.name));
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

/// The pattern of log lines that report an execution. Its group captures the request's token.
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
                "it does not say which log lines report an execution",
            )
            .remedy("add `executed = \"EXEC (\\\\S+)\"`, whose group is the request's token")),
        };
    };
    let key = backend.key("executed");
    if let ServiceConfig::Command(_) = service {
        return Err(Problem::at(key, NO_LOG)
            .remedy("leave `executed` out, or use `docker` or `process` for this backend"));
    }
    let line = text::pattern(key.clone(), line)?;
    match regex::Regex::new(&line).map_or(1, |regex| regex.captures_len()) {
        1 => {
            let what = format!("`{line}` has no group for the request's token");
            Err(Problem::at(key, what)
                .remedy("put the token in parentheses, as in \"EXEC (\\\\S+)\""))
        }
        _ => Ok(Some(Executed { line, exactly_once })),
    }
}

impl ReadyTable {
    fn check(self, key: KeyPath) -> Result<ReadyConfig, Problem> {
        if self.http.is_none() && !self.headers.is_empty() {
            let what = "only an `http` probe has headers";
            return Err(
                Problem::at(key.key("headers"), what).remedy("remove them, or use an `http` probe")
            );
        }
        let check = match (self.tcp, self.http, self.exec, self.log) {
            (Some(tcp), None, None, None) => ReadyCheck::Tcp(text::address(key.key("tcp"), tcp)?),
            (None, Some(http), None, None) => {
                for (name, value) in &self.headers {
                    load::header(name, value)
                        .map_err(|what| Problem::at(key.key("headers").key(name), what))?;
                }
                text::url(key.key("http"), &http)?;
                ReadyCheck::Http {
                    url: http,
                    headers: self.headers,
                }
            }
            (None, None, Some(exec), None) => {
                ReadyCheck::Exec(text::command(key.key("exec"), exec)?)
            }
            (None, None, None, Some(log)) => ReadyCheck::Log(text::pattern(key.key("log"), log)?),
            _ => {
                return Err(
                    Problem::at(key, "a backend has exactly one readiness probe")
                        .remedy("give one of `tcp`, `http`, `exec` and `log`"),
                );
            }
        };
        Ok(ReadyConfig {
            check,
            every: self.every.above_zero(key.key("every"))?,
            timeout: self.timeout.above_zero(key.key("timeout"))?,
        })
    }
}
