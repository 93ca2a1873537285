//! `[api]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::byte_size::ByteSize;
use super::complaint::Problem;
use super::key_path::KeyPath;
use super::service::{self, CommandTable, DockerTable, ProcessTable};
use super::{ServiceConfig, text};
use crate::load::{Connections, MAX_BODY_BYTES};

/// The API and how to reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    /// Its URL, without a trailing slash.
    pub url: String,
    /// How it is observed and reset. `None`: comeback only sends requests to it.
    pub service: Option<ServiceConfig>,
    /// How connections to it are made (`[load]`).
    pub connections: Connections,
    /// At most this much of a response body is read, in bytes.
    pub max_body_bytes: usize,
    /// A PEM file of certificate authorities to trust besides the system's.
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
    max_body: Option<ByteSize>,
}

/// The upper bound of `max-body`: bodies are held in memory.
const MAX_BODY_LIMIT: u64 = 1 << 30;

impl ApiTable {
    pub(super) fn check(
        self,
        directory: &Path,
        connections: Connections,
    ) -> Result<ApiConfig, Problem> {
        let key = KeyPath::of("api");
        Ok(ApiConfig {
            url: text::url(key.key("url"), &self.url)?,
            service: service::check(&key, directory, self.docker, self.process, self.command)?,
            connections,
            max_body_bytes: match self.max_body {
                Some(size) => {
                    let key = key.key("max-body");
                    let bytes = size.above_zero(key.clone())?;
                    text::at_most(key, bytes, MAX_BODY_LIMIT)? as usize
                }
                None => MAX_BODY_BYTES,
            },
            ca: self.ca.map(|ca| directory.join(ca)),
        })
    }
}
