//! A configuration read for one stack: the configured one, or a copy of it to run beside it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use anyhow::bail;

use super::stream;
use crate::config::{Config, ConfigError, PORT};
use crate::redact::{self, SHORTEST, Secret};
use crate::stack::port::ReservedPort;

/// What a stack is built from.
pub struct Blueprint {
    /// What is configured.
    pub config: Config,
    /// The ports that stand for `${port:NAME}`.
    pub ports: Vec<ReservedPort>,
    /// The stack that this one is a compose project's copy of: its containers tell which of their ports are meant.
    pub original: Option<Config>,
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
        warn_of(&redact::know(&config.secrets));
        let ports = ports.into_inner().into_values();
        Ok(Blueprint {
            config,
            ports: ports.map(|(_, port)| port).collect(),
            original: None,
        })
    }

    /// Its nth copy, from 1, which shares nothing with it.
    ///
    /// # Errors
    /// When the configuration is bad, or does not tell how there can be so many copies.
    pub fn copy(path: &Path, nth: usize) -> anyhow::Result<Self> {
        // Each time that it is read it has other ports, so that whatever is the same would be shared.
        let (original, copy) = (Blueprint::of(path)?.config, Blueprint::of(path)?);
        let projects = &original.instances;
        let copy = match projects.get(nth - 1) {
            Some(project) => Blueprint {
                config: copy.config.of_project(project),
                original: Some(original.clone()),
                ..copy
            },
            None if projects.is_empty() => copy,
            None => bail!(
                "--jobs {} asks for more stacks than there are: {} lists {} in `instances`",
                nth + 1,
                path.display(),
                projects.len()
            ),
        };
        if let Some(shared) = shared(&original, &copy.config) {
            bail!(
                "--jobs needs stacks that share nothing, and all would share {shared} of {}: list the compose projects that are copies of this \
                 one in `instances = [\"…\"]`, or write `${{port:NAME}}` for each port of a `process`",
                path.display()
            );
        }
        Ok(copy)
    }
}

/// Says which variables cannot be kept out of texts.
fn warn_of(short: &[Secret]) {
    let variables = short.iter().map(|secret| secret.label.as_str());
    let variables: Vec<&str> = variables.filter(|label| label.starts_with("${")).collect();
    if !variables.is_empty() {
        stream::say(&format!(
            "comeback: not redacted, because shorter than {SHORTEST} characters: {}",
            variables.join(", ")
        ));
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
