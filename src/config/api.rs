//! `[api]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::byte_size::ByteSize;
use super::complaint::Problem;
use super::key_path::KeyPath;
use super::service::{CommandTable, DockerTable, ProcessTable, Ways};
use super::{ServiceConfig, text};
use crate::load::{Connections, MAX_BODY_BYTES};

/// The API: where it is, and how to get there.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    /// Its URL, without a slash at the end.
    pub url: String,
    /// How it is observed and reset, where it can be.
    pub service: Option<ServiceConfig>,
    /// How connections to it are made (`[load]`).
    pub connections: Connections,
    /// How much of an answer's body is read, in bytes.
    pub max_body_bytes: usize,
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
    max_body: Option<ByteSize>,
}

/// The most that a body limit may be: bodies are held in memory.
const MOST_BODY_BYTES: u64 = 1 << 30;

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
            max_body_bytes: match self.max_body {
                Some(size) => {
                    let key = key.key("max-body");
                    let bytes = size.above_zero(key.clone())?;
                    text::at_most(key, bytes, MOST_BODY_BYTES)? as usize
                }
                None => MAX_BODY_BYTES,
            },
            ca: self.ca.map(|ca| directory.join(ca)),
        })
    }
}
