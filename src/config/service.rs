//! How a service is reached and driven: `docker = {…}`, `process = {…}` or `command = {…}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::{self, DurationText};
use crate::model::FaultName;

/// How a service is reached and driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceConfig {
    /// It is a container that somebody else has made.
    Docker(ContainerName),
    /// It is a command that the tool runs itself.
    Process(ProcessConfig),
    /// It is whatever these commands drive.
    Command(CommandConfig),
}

/// Which container it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerName {
    /// The one of this name or id.
    Named(String),
    /// The one of a compose service.
    Compose {
        /// The compose project.
        project: String,
        /// The service in it.
        service: String,
    },
}

/// A command that is run as a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessConfig {
    /// The program and its arguments; never empty.
    pub command: Vec<String>,
    /// Variables that are set for it, besides those of the tool's own environment.
    pub env: BTreeMap<String, String>,
    /// Where it runs; without one, in the configuration's directory.
    pub dir: PathBuf,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
}

/// The commands that drive a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandConfig {
    /// Starts it.
    pub start: Vec<String>,
    /// Asks it to end; without it, there is one that kills.
    pub stop: Option<Vec<String>>,
    /// Kills it; without it, there is one that stops.
    pub kill: Option<Vec<String>>,
    /// Succeeds if it runs.
    pub status: Vec<String>,
    /// How long each of them may take.
    pub timeout: Duration,
    /// Where they run; without one, in the configuration's directory.
    pub dir: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CommandTable {
    start: Vec<String>,
    stop: Option<Vec<String>>,
    kill: Option<Vec<String>>,
    status: Vec<String>,
    #[serde(default = "default_timeout")]
    timeout: DurationText,
    dir: Option<PathBuf>,
}

fn default_timeout() -> DurationText {
    DurationText(Duration::from_secs(30))
}

/// The ways of driving a service that a section may give; it gives one at most.
pub(super) struct Ways {
    pub docker: Option<DockerTable>,
    pub process: Option<ProcessTable>,
    pub command: Option<CommandTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DockerTable {
    name: Option<String>,
    compose_project: Option<String>,
    service: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProcessTable {
    command: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    dir: Option<PathBuf>,
    stop_signal: Option<String>,
}

impl Ways {
    /// The one way in which the section `key` drives its service, if it names any.
    pub(super) fn check(
        self,
        key: &KeyPath,
        directory: &Path,
    ) -> Result<Option<ServiceConfig>, Problem> {
        let within = |dir: Option<PathBuf>| match dir {
            Some(dir) => directory.join(dir),
            None => directory.to_owned(),
        };
        match (self.docker, self.process, self.command) {
            (None, None, None) => Ok(None),
            (Some(docker), None, None) => {
                let container = docker.container(key.key("docker"))?;
                Ok(Some(ServiceConfig::Docker(container)))
            }
            (None, Some(process), None) => {
                let command = text::command(key.key("process").key("command"), process.command)?;
                Ok(Some(ServiceConfig::Process(ProcessConfig {
                    command,
                    env: process.env,
                    stop_signal: stop_signal(&key.key("process"), process.stop_signal.as_deref())?,
                    dir: within(process.dir),
                })))
            }
            (None, None, Some(mut command)) => {
                let dir = within(command.dir.take());
                let commands = command.check(&key.key("command"), dir)?;
                Ok(Some(ServiceConfig::Command(commands)))
            }
            (Some(_), Some(_), _) => Err(both(key, "process", "docker")),
            (Some(_), None, Some(_)) => Err(both(key, "command", "docker")),
            (None, Some(_), Some(_)) => Err(both(key, "command", "process")),
        }
    }
}

/// The signal of this name, with `SIG` before it or without; SIGTERM where none is given.
fn stop_signal(key: &KeyPath, name: Option<&str>) -> Result<Signal, Problem> {
    const SIGNALS: [(&str, Signal); 7] = [
        ("TERM", Signal::TERM),
        ("INT", Signal::INT),
        ("QUIT", Signal::QUIT),
        ("HUP", Signal::HUP),
        ("USR1", Signal::USR1),
        ("USR2", Signal::USR2),
        ("WINCH", Signal::WINCH),
    ];
    let Some(name) = name else {
        return Ok(Signal::TERM);
    };
    let bare = name.strip_prefix("SIG").unwrap_or(name);
    let found = SIGNALS.iter().find(|(known, _)| *known == bare);
    found.map(|(_, signal)| *signal).ok_or_else(|| {
        let names = SIGNALS.map(|(name, _)| name).join("`, `");
        Problem::at(
            key.key("stop-signal"),
            format!("`{name}` is no signal that asks a process to end"),
        )
        .remedy(format!("write one of `{names}`"))
    })
}

fn both(key: &KeyPath, this: &str, other: &str) -> Problem {
    Problem::at(
        key.key(this),
        format!("a service is driven by `{other}` or by `{this}`, not by both"),
    )
    .remedy("remove one of the two")
}

impl CommandConfig {
    /// Whether there are commands for a kind of fault.
    pub fn allows(&self, fault: FaultName) -> bool {
        match fault {
            FaultName::Stop => self.stop.is_some(),
            FaultName::Kill | FaultName::Rapid => self.kill.is_some(),
            FaultName::Pause | FaultName::Cut => false,
        }
    }
}

impl CommandTable {
    fn check(self, key: &KeyPath, dir: PathBuf) -> Result<CommandConfig, Problem> {
        if self.stop.is_none() && self.kill.is_none() {
            return Err(
                Problem::at(key.clone(), "it does not say how the service is ended")
                    .remedy("add `stop = [\"…\"]`, `kill = [\"…\"]` or both"),
            );
        }
        let command = |name: &str, words| text::command(key.key(name), words);
        let optional = |name: &str, words: Option<_>| words.map(|w| command(name, w)).transpose();
        Ok(CommandConfig {
            start: command("start", self.start)?,
            stop: optional("stop", self.stop)?,
            kill: optional("kill", self.kill)?,
            status: command("status", self.status)?,
            timeout: self.timeout.above_zero(key.key("timeout"))?,
            dir,
        })
    }
}

impl DockerTable {
    fn container(self, key: KeyPath) -> Result<ContainerName, Problem> {
        match (self.name, self.compose_project, self.service) {
            (Some(name), None, None) => Ok(ContainerName::Named(name)),
            (None, Some(project), Some(service)) => Ok(ContainerName::Compose { project, service }),
            (Some(_), ..) => Err(Problem::at(
                key,
                "a container is found by its name or by its compose service, not by both",
            )
            .remedy("keep `name`, or `compose-project` and `service`")),
            _ => Err(
                Problem::at(key, "it does not say which container is meant").remedy(
                    "write `{ name = \"…\" }` or `{ compose-project = \"…\", service = \"…\" }`",
                ),
            ),
        }
    }
}
