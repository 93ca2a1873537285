//! Lists the services of running compose projects.

use std::collections::BTreeSet;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, PortSummaryTypeEnum};

use super::Engine;
use super::engine::words;
use super::refusal::refusal;
use super::selector::{ONE_OFF, PROJECT, SERVICE, label, list};
use crate::stack::DriverError;

/// A service of a compose project, described by one of its running containers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComposeService {
    /// The project.
    pub project: String,
    /// The service.
    pub service: String,
    /// The TCP ports of this machine at which it is published.
    pub published: BTreeSet<u16>,
    /// The container's health check, a command to run inside it.
    pub healthcheck: Option<Vec<String>>,
    /// Why the container must not be faulted, and what to do; `None` if it may.
    pub refusal: Option<String>,
}

/// The services of all running compose projects, sorted by project and service.
///
/// # Errors
/// When the engine fails.
pub async fn compose_services(engine: &Engine) -> Result<Vec<ComposeService>, DriverError> {
    let failed = |message: String| DriverError::missing("docker", message);
    let mut services = BTreeSet::new();
    let all = list(engine).await.map_err(failed)?;
    for container in &all {
        let Some(mut service) = seen(container) else {
            continue;
        };
        if let Some(id) = &container.id {
            let found = engine.docker.inspect_container(id, None).await;
            let found = found.map_err(|error| failed(words(&error)))?;
            service.refusal = refusal(&found, &all);
            let check = found.config.and_then(|config| config.healthcheck);
            service.healthcheck = check.and_then(|check| command(check.test?));
        }
        services.insert(service);
    }
    Ok(services.into_iter().collect())
}

/// The service that a running container belongs to.
fn seen(container: &ContainerSummary) -> Option<ComposeService> {
    let runs = container.state == Some(ContainerSummaryStateEnum::RUNNING);
    if !runs || label(container, ONE_OFF) == Some("True") {
        return None;
    }
    let ports = container.ports.iter().flatten();
    let tcp = ports.filter(|port| port.typ == Some(PortSummaryTypeEnum::TCP));
    Some(ComposeService {
        project: label(container, PROJECT)?.to_owned(),
        service: label(container, SERVICE)?.to_owned(),
        published: tcp.filter_map(|port| port.public_port).collect(),
        healthcheck: None,
        refusal: None,
    })
}

/// Turns the engine's notation of a health check into a command.
fn command(test: Vec<String>) -> Option<Vec<String>> {
    match test.split_first()? {
        (form, command) if form == "CMD" && !command.is_empty() => Some(command.to_vec()),
        (form, [line]) if form == "CMD-SHELL" => {
            Some(["/bin/sh", "-c", line].map(str::to_owned).to_vec())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_check_becomes_a_command() {
        let of = |test: &[&str]| command(test.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(of(&["CMD", "ok", "now"]).unwrap(), ["ok", "now"]);
        assert_eq!(
            of(&["CMD-SHELL", "a | b"]).unwrap(),
            ["/bin/sh", "-c", "a | b"]
        );
        for none in [&["NONE"][..], &[], &["CMD"]] {
            assert_eq!(of(none), None);
        }
    }
}
