//! A configuration read for one stack: the configured one, or a copy of it to run beside it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use super::AssemblyError;
use crate::config::{BackendConfig, Config, ConfigError, LinkConfig, PORT};
use crate::redact::{self, Secret};
use crate::stack::port::ReservedPort;

/// What a stack is built from.
pub struct Blueprint {
    /// What is configured.
    pub config: Config,
    /// The ports that stand for `${port:NAME}`.
    pub ports: Vec<ReservedPort>,
    /// The stack that this one is a compose project's copy of: its containers show which of their
    /// ports are meant.
    pub original: Option<Config>,
    /// Variables whose values are too short to be kept out of texts, named for the first time.
    pub unredacted: Vec<String>,
}

impl Blueprint {
    /// The configured stack.
    ///
    /// # Errors
    /// When the configuration cannot be read, or is bad.
    pub fn of(path: &Path) -> Result<Self, ConfigError> {
        let ports: RefCell<BTreeMap<String, (u16, ReservedPort)>> = RefCell::default();
        let config = Config::load(path, &|name| {
            let Some(port) = name.strip_prefix(PORT) else {
                return env::var(name).ok();
            };
            let mut ports = ports.borrow_mut();
            if !ports.contains_key(port) {
                let reserved = ReservedPort::reserve().ok()?;
                let number = reserved.address().ok()?.port();
                ports.insert(port.to_owned(), (number, reserved));
            }
            Some(ports[port].0.to_string())
        })?;
        let unredacted = variables(&redact::know(&config.secrets));
        let ports = ports.into_inner().into_values();
        Ok(Blueprint {
            config,
            ports: ports.map(|(_, port)| port).collect(),
            original: None,
            unredacted,
        })
    }

    /// Its nth copy, from 1, which shares nothing with it.
    ///
    /// # Errors
    /// When the configuration is bad, or allows fewer copies.
    pub fn copy(path: &Path, nth: usize) -> Result<Self, AssemblyError> {
        // Each time that it is read it has other ports, so that whatever is the same would be
        // shared.
        let (original, copy) = (Blueprint::of(path)?.config, Blueprint::of(path)?);
        let projects = &original.instances;
        let copy = match projects.get(nth - 1) {
            Some(project) => Blueprint {
                config: copy.config.of_project(project),
                original: Some(original.clone()),
                ..copy
            },
            None if projects.is_empty() => copy,
            None => {
                return Err(AssemblyError::TooFewCopies {
                    wanted: nth + 1,
                    config: path.display().to_string(),
                    listed: projects.len(),
                });
            }
        };
        if let Some(part) = shared(&original, &copy.config) {
            let config = path.display().to_string();
            return Err(AssemblyError::Shared { part, config });
        }
        let mut backends = original.backends.iter().zip(&copy.config.backends);
        let alike = backends.find(|(one, other)| share_a_link(one, other));
        if let Some((backend, _)) = alike {
            let config = path.display().to_string();
            let backend = backend.name.clone();
            return Err(AssemblyError::SharedLink { backend, config });
        }
        Ok(copy)
    }
}

/// The variables among secrets.
fn variables(secrets: &[Secret]) -> Vec<String> {
    let labels = secrets.iter().map(|secret| secret.label.clone());
    labels.filter(|label| label.starts_with("${")).collect()
}

/// Whether the links to two backends have an address in common.
fn share_a_link(one: &BackendConfig, other: &BackendConfig) -> bool {
    match (&one.link, &other.link) {
        (Some(LinkConfig::Running(one)), Some(LinkConfig::Running(other))) => one == other,
        (Some(LinkConfig::Started(one)), Some(LinkConfig::Started(other))) => {
            let listens = |listen| other.iter().any(|(other, _)| other == listen);
            one.iter().any(|(listen, _)| listens(listen))
        }
        _ => false,
    }
}

/// A part that two stacks have in common.
fn shared(one: &Config, other: &Config) -> Option<String> {
    if one.api.service.is_some() && one.api.service == other.api.service {
        return Some("[api]".to_owned());
    }
    let mut backends = one.backends.iter().zip(&other.backends);
    let alike = backends.find(|(one, other)| one.service == other.service);
    if let Some((backend, _)) = alike {
        return Some(format!("[backend.{}]", backend.name));
    }
    // The ports of a project's containers are found out later.
    let is_project = one.api.service.is_some() && !other.instances.is_empty();
    (one.api.url == other.api.url && !is_project).then(|| "the URL of [api]".to_owned())
}
