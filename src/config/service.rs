//! How a service is driven: `docker = {…}`, `process = {…}` or `command = {…}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::{self, DurationText};
use crate::model::FaultName;

/// How a service is driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceConfig {
    /// The service is a container that already exists.
    Docker(ContainerName),
    /// The service is a process that comeback starts itself.
    Process(ProcessConfig),
    /// The user's own commands drive the service.
    Command(CommandConfig),
}

/// Which container is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerName {
    /// The container with this name or id.
    Named(String),
    /// The container of a compose service.
    Compose {
        /// The compose project.
        project: String,
        /// The service in it.
        service: String,
    },
}

/// A command that comeback runs as a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessConfig {
    /// The program and its arguments; never empty.
    pub command: Vec<String>,
    /// Environment variables to set in addition to comeback's own environment.
    pub env: BTreeMap<String, String>,
    /// The working directory. Default: the configuration's directory.
    pub dir: PathBuf,
    /// The signal that asks the process to end.
    pub stop_signal: Signal,
}

/// The commands that drive a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandConfig {
    /// Starts it.
    pub start: Vec<String>,
    /// Asks it to end. At least one of `stop` and `kill` is set.
    pub stop: Option<Vec<String>>,
    /// Kills it.
    pub kill: Option<Vec<String>>,
    /// Succeeds if the service is running.
    pub status: Vec<String>,
    /// How long each command may take.
    pub timeout: Duration,
    /// The working directory. Default: the configuration's directory.
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

/// The driver that the section `key` chooses. A section may have at most one.
pub(super) fn check(
    key: &KeyPath,
    directory: &Path,
    docker: Option<DockerTable>,
    process: Option<ProcessTable>,
    command: Option<CommandTable>,
) -> Result<Option<ServiceConfig>, Problem> {
    let both = |this: &str, other: &str| {
        let what = format!("a service has either `{other}` or `{this}`, not both");
        Err(Problem::at(key.key(this), what).remedy("remove one of the two"))
    };
    Ok(Some(match (docker, process, command) {
        (None, None, None) => return Ok(None),
        (Some(docker), None, None) => ServiceConfig::Docker(docker.container(key.key("docker"))?),
        (None, Some(process), None) => {
            ServiceConfig::Process(process.check(&key.key("process"), directory)?)
        }
        (None, None, Some(command)) => {
            ServiceConfig::Command(command.check(&key.key("command"), directory)?)
        }
        (Some(_), Some(_), _) => return both("process", "docker"),
        (Some(_), None, Some(_)) => return both("command", "docker"),
        (None, Some(_), Some(_)) => return both("command", "process"),
    }))
}

/// A working directory. Relative paths start at the configuration's directory.
fn within(directory: &Path, dir: Option<PathBuf>) -> PathBuf {
    dir.map_or_else(|| directory.to_owned(), |dir| directory.join(dir))
}

impl ProcessTable {
    fn check(self, key: &KeyPath, directory: &Path) -> Result<ProcessConfig, Problem> {
        Ok(ProcessConfig {
            command: text::command(key.key("command"), self.command)?,
            env: self.env,
            stop_signal: stop_signal(key, self.stop_signal.as_deref())?,
            dir: within(directory, self.dir),
        })
    }
}

/// The signal with this name. The prefix `SIG` is optional, and so is the name: the default is
/// SIGTERM.
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
        let what = format!("`{name}` is not a signal that asks a process to end");
        Problem::at(key.key("stop-signal"), what).remedy(format!("write one of `{names}`"))
    })
}

impl CommandConfig {
    /// Whether there is a command for this kind of fault.
    pub fn allows(&self, fault: FaultName) -> bool {
        match fault {
            FaultName::Stop => self.stop.is_some(),
            FaultName::Kill | FaultName::Rapid => self.kill.is_some(),
            FaultName::Pause | FaultName::Cut => false,
            // It is done to the link, whatever drives the service.
            FaultName::Link(_) => true,
        }
    }
}

impl CommandTable {
    fn check(self, key: &KeyPath, directory: &Path) -> Result<CommandConfig, Problem> {
        if self.stop.is_none() && self.kill.is_none() {
            let what = "there is no command that ends the service";
            return Err(Problem::at(key.clone(), what)
                .remedy("add `stop = [\"…\"]`, `kill = [\"…\"]` or both"));
        }
        let command = |name: &str, words| text::command(key.key(name), words);
        let optional = |name: &str, words: Option<_>| words.map(|w| command(name, w)).transpose();
        Ok(CommandConfig {
            start: command("start", self.start)?,
            stop: optional("stop", self.stop)?,
            kill: optional("kill", self.kill)?,
            status: command("status", self.status)?,
            timeout: self.timeout.above_zero(key.key("timeout"))?,
            dir: within(directory, self.dir),
        })
    }
}

impl DockerTable {
    fn container(self, key: KeyPath) -> Result<ContainerName, Problem> {
        match (self.name, self.compose_project, self.service) {
            (Some(name), None, None) => Ok(ContainerName::Named(name)),
            (None, Some(project), Some(service)) => Ok(ContainerName::Compose { project, service }),
            (Some(_), ..) => Err(Problem::at(key, "the container is identified twice")
                .remedy("keep either `name`, or `compose-project` and `service`")),
            _ => Err(
                Problem::at(key, "it does not say which container is meant").remedy(
                    "write `{ name = \"…\" }` or `{ compose-project = \"…\", service = \"…\" }`",
                ),
            ),
        }
    }
}
