//! `[api]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::complaint::Problem;
use super::service::{CommandTable, DockerTable, ProcessTable, Ways};
use super::{KeyPath, ServiceConfig, text};
use crate::load::Connections;

/// The API: where it is, and how to get there.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    /// Its URL, without a slash at the end.
    pub url: String,
    /// How it is observed and reset, where it can be.
    pub service: Option<ServiceConfig>,
    /// How connections to it are made (`[load]`).
    pub connections: Connections,
    /// A file of certificates (PEM) that are trusted besides the system's.
    pub ca: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ApiTable {
    url: String,
    docker: Option<DockerTable>,
    process: Option<ProcessTable>,
    command: Option<CommandTable>,
    ca: Option<PathBuf>,
}

impl ApiTable {
    pub(super) fn check(
        self,
        directory: &Path,
        connections: Connections,
    ) -> Result<ApiConfig, Problem> {
        let key = KeyPath::of("api");
        let ways = Ways {
            docker: self.docker,
            process: self.process,
            command: self.command,
        };
        Ok(ApiConfig {
            url: text::url(key.key("url"), &self.url)?,
            service: ways.check(&key, directory)?,
            connections,
            ca: self.ca.map(|ca| directory.join(ca)),
        })
    }
}
