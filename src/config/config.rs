//! The whole configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::{
    ApiConfig, BackendConfig, Complaint, ContainerName, ServiceConfig, api, backend, environment,
    generator, instances, limits, request, secrets, text, trial,
};
use crate::executor::{ResetPolicy, Settings};
use crate::generator::Space;
use crate::load::Caps;
use crate::model::{Limits, LogPatterns, RequestKind};
use crate::redact::Secret;

/// A checked `comeback.toml`, with defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The stack's name in traces and reports. Default: the name of the configuration's directory.
    pub name: String,
    /// The compose projects that are copies of this stack, in file order, without the stack's own.
    pub instances: Vec<String>,
    /// Whether parts of the stack may be on other machines.
    pub allow_remote: bool,
    /// The API.
    pub api: ApiConfig,
    /// The backends, in file order; at least one.
    pub backends: Vec<BackendConfig>,
    /// The request kinds, in file order; at least one, with distinct names.
    pub kinds: Vec<RequestKind>,
    /// The limits that the invariants judge by.
    pub limits: Limits,
    /// What the API's log is expected to show (`[log]`).
    pub log: LogPatterns,
    /// The plans that may be drawn.
    pub space: Space,
    /// The upper bounds on a trial's load.
    pub caps: Caps,
    /// The settings of a trial.
    pub trial: Settings,
    /// When the stack is reset.
    pub reset: ResetPolicy,
    /// What must never be shown: values from the environment, header values, and more (see
    /// `secrets.rs`).
    pub secrets: Vec<Secret>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration {}: {source}\n  = help: name another with `--config FILE`, or try comeback on its own \
         demo with `--demo BUG`", path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a valid configuration.
    #[error("{0}")]
    Invalid(Box<Complaint>),
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    name: Option<String>,
    #[serde(default)]
    instances: Vec<String>,
    #[serde(default)]
    allow_remote: bool,
    api: api::ApiTable,
    #[serde(default)]
    backend: BTreeMap<String, Spanned<backend::BackendTable>>,
    #[serde(default)]
    request: Vec<request::RequestTable>,
    #[serde(default)]
    limits: BTreeMap<String, toml::Value>,
    #[serde(default)]
    log: LogPatterns,
    #[serde(default)]
    generator: generator::GeneratorTable,
    #[serde(default)]
    load: trial::LoadTable,
    #[serde(default)]
    trial: trial::TrialTable,
    #[serde(default)]
    trace: trial::TraceTable,
}

impl Config {
    /// Reads a configuration from a file. `environment` returns the values of `${VAR}` and
    /// `${port:NAME}`.
    ///
    /// # Errors
    /// When the file cannot be read or is not a valid configuration.
    pub fn load(
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let source = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Config::parse(&source, path, environment)
    }

    /// The configuration of this stack's copy in another compose project.
    #[must_use]
    pub fn of_project(&self, project: &str) -> Self {
        let mut copy = self.clone();
        let backends = copy.backends.iter_mut().map(|backend| &mut backend.service);
        for service in copy.api.service.iter_mut().chain(backends) {
            if let ServiceConfig::Docker(ContainerName::Compose { project: its, .. }) = service {
                project.clone_into(its);
            }
        }
        copy
    }

    /// Reads a configuration from a text. Relative paths in it start at the directory of `path`.
    ///
    /// # Errors
    /// When the text is not a valid configuration.
    pub fn parse(
        source: &str,
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut variables = BTreeMap::new();
        let config = read(source, environment, &mut variables)
            .and_then(|(file, secrets)| assemble(file, path, secrets));
        config.map_err(|problem| {
            ConfigError::Invalid(Box::new(problem.locate(source, path, &variables)))
        })
    }
}

/// Parses the text and replaces `${VAR}`. The variables used are left in `variables`, even on an
/// error: its message must not show their values.
///
/// `${VAR}` is not replaced in the names of the stack and of the request kinds: names appear in
/// traces, reports and file names.
fn read(
    source: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<(File, Vec<Secret>), Problem> {
    let mut document = DeTable::parse(source).map_err(Problem::from)?;
    let name = document
        .get_ref()
        .get("name")
        .and_then(|name| name.get_ref().as_str());
    let name = name.map(environment::as_written);
    let labels = request::labels(document.get_ref());
    environment::expand(document.get_mut(), environment, variables)?;
    let secrets = secrets::of(document.get_ref(), variables);
    let mut file = File::deserialize(toml::Deserializer::from(document))?;
    file.name = name;
    for (request, label) in file.request.iter_mut().zip(labels) {
        request.label = label;
    }
    Ok((file, secrets))
}

/// Checks section by section, in the order in which a user would fix them.
fn assemble(file: File, path: &Path, secrets: Vec<Secret>) -> Result<Config, Problem> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (connections, caps) = file.load.settings()?;
    let api = file.api.check(directory, connections)?;

    let mut tables: Vec<_> = file.backend.into_iter().collect();
    tables.sort_by_key(|(_, table)| table.span().start);
    let mut backends = Vec::with_capacity(tables.len());
    let mut spaces = Vec::with_capacity(tables.len());
    for (name, table) in tables {
        let (backend, space) = table.into_inner().check(name, directory, &file.generator)?;
        backends.push(backend);
        spaces.push(space);
    }
    if backends.is_empty() {
        return Err(Problem::of_file("there is no backend to fault")
            .remedy("add a section `[backend.NAME]` with `docker` or `process`, and `ready`"));
    }
    backend::check_order(&backends)?;

    let kinds = request::check_all(file.request)?;
    log_patterns(&file.log)?;
    let (trial, reset) = file.trial.settings(file.trace)?;
    let limits = limits::check(&file.limits)?;
    let services = backends.iter().map(|backend| &backend.service);
    let services = api.service.iter().chain(services);
    Ok(Config {
        name: file.name.unwrap_or_else(|| directory_name(directory)),
        instances: instances::check(file.instances, services)?,
        allow_remote: file.allow_remote,
        api,
        backends,
        space: file.generator.space(spaces, &kinds)?.at_scale_of(&limits),
        limits,
        log: file.log,
        kinds,
        caps,
        trial,
        reset,
        secrets,
    })
}

fn log_patterns(log: &LogPatterns) -> Result<(), Problem> {
    let section = KeyPath::of("log");
    let single = [
        ("detected", &log.detected),
        ("reconnected", &log.reconnected),
    ];
    for (name, pattern) in single {
        if let Some(pattern) = pattern {
            text::pattern(section.key(name), pattern.clone())?;
        }
    }
    let forbidden = section.key("forbidden");
    for (position, pattern) in log.forbidden.iter().enumerate() {
        text::pattern(forbidden.position(position), pattern.clone())?;
    }
    Ok(())
}

fn directory_name(directory: &Path) -> String {
    let absolute = std::path::absolute(directory).unwrap_or_default();
    let name = absolute
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "stack".to_owned())
}
