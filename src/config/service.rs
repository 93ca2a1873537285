//! How a service is reached and driven: `docker = {…}` or `process = {…}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::KeyPath;
use super::complaint::Problem;
use super::text;

/// How a service is reached and driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceConfig {
    /// It is a container that somebody else has made.
    Docker(Container),
    /// It is a command that the tool runs itself.
    Process(ProcessConfig),
}

/// Which container it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
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
}

/// The one way in which the section `key` drives its service, if it names any.
pub(super) fn check(
    key: &KeyPath,
    docker: Option<DockerTable>,
    process: Option<ProcessTable>,
    directory: &Path,
) -> Result<Option<ServiceConfig>, Problem> {
    match (docker, process) {
        (None, None) => Ok(None),
        (Some(docker), None) => {
            let container = docker.container(key.key("docker"))?;
            Ok(Some(ServiceConfig::Docker(container)))
        }
        (None, Some(process)) => {
            let command = text::command(key.key("process").key("command"), process.command)?;
            Ok(Some(ServiceConfig::Process(ProcessConfig {
                command,
                env: process.env,
                dir: match process.dir {
                    Some(dir) => directory.join(dir),
                    None => directory.to_owned(),
                },
            })))
        }
        (Some(_), Some(_)) => Err(Problem::at(
            key.key("process"),
            "a service is driven by `docker` or by `process`, not by both",
        )
        .remedy("remove one of the two")),
    }
}

impl DockerTable {
    fn container(self, key: KeyPath) -> Result<Container, Problem> {
        match (self.name, self.compose_project, self.service) {
            (Some(name), None, None) => Ok(Container::Named(name)),
            (None, Some(project), Some(service)) => Ok(Container::Compose { project, service }),
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
