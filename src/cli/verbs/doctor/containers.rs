//! The engine, and the containers that the configuration names.

use crate::assembly::selector;
use crate::config::{Config, ContainerName, ServiceConfig};
use crate::model::API;
use crate::report::Checkup;
use crate::stack::docker::{DockerDriver, Engine};
use crate::stack::{Driver, DriverError, ServiceState};

/// Whether all containers are found; true also if none is named.
pub async fn check(config: &Config, checkup: &mut Checkup) -> bool {
    let named = containers(config);
    if named.is_empty() {
        return true;
    }
    let engine = match Engine::connect().await {
        Ok(engine) => engine,
        Err(error) => {
            let remedy = "without the engine, only the API and its requests can be checked";
            checkup.environment("container engine", error.to_string(), remedy);
            return false;
        }
    };
    checkup.fine(
        "container engine",
        format!("it answers at {}", engine.address()),
    );
    let mut all_found = true;
    for (name, container) in named {
        all_found &= look(&engine, name, container, checkup).await;
    }
    for project in &config.instances {
        let copy = config.of_project(project);
        for (name, container) in containers(&copy) {
            // Without a copy, the stack itself can still be looked at.
            let name = format!("{name} in the copy {project}");
            look(&engine, &name, container, checkup).await;
        }
    }
    all_found
}

/// The containers that the configuration names, each with its service's name.
fn containers(config: &Config) -> Vec<(&str, &ContainerName)> {
    let api = config.api.service.iter().map(|service| (API, service));
    let backends = config.backends.iter();
    let services = api.chain(backends.map(|b| (b.name.as_str(), &b.service)));
    let named = services.filter_map(|(name, service)| match service {
        ServiceConfig::Docker(container) => Some((name, container)),
        ServiceConfig::Process(_) | ServiceConfig::Command(_) => None,
    });
    named.collect()
}

/// Whether a container is found.
async fn look(
    engine: &Engine,
    name: &str,
    container: &ContainerName,
    checkup: &mut Checkup,
) -> bool {
    let what = format!("container of {name}");
    let selector = selector(container);
    let driver = match DockerDriver::find_in_any_state(engine, name, &selector).await {
        Ok(driver) => driver,
        Err(error) => {
            let remedy = match &error {
                // It says itself what to do.
                DriverError::Irreversible { .. } => "",
                _ => "start the stack, or correct `docker` in this section",
            };
            checkup.environment(what, error.to_string(), remedy);
            return false;
        }
    };
    for loss in driver.losses() {
        checkup.notice(format!("restart of {name}"), loss);
    }
    match driver.state().await {
        Ok(ServiceState::Running) => checkup.fine(what, format!("the {selector} runs")),
        Ok(ServiceState::Paused) => checkup.environment(
            what,
            format!("the {selector} is paused"),
            "comeback heal, if a command of comeback's left it so; otherwise unpause it with the engine",
        ),
        Ok(ServiceState::Stopped) => checkup.environment(
            what,
            format!("the {selector} does not run"),
            "comeback heal, if a command of comeback's left it so; otherwise start it with the engine, and look at its log",
        ),
        Err(error) => checkup.environment(what, error.to_string(), "look what the engine says"),
    }
    if let Ok(ServiceState::Running) = driver.state().await {
        permission(name, &driver, checkup).await;
    }
    true
}

/// Whether it may be acted on, without doing anything to it.
async fn permission(name: &str, driver: &DockerDriver, checkup: &mut Checkup) {
    let what = format!("permission to act on {name}");
    match driver.may_act().await {
        Ok(()) => checkup.fine(
            what,
            "the engine takes orders (it was asked to start what runs already)",
        ),
        Err(error) => checkup.environment(
            what,
            error.to_string(),
            "use a socket that is not read-only, or an account that may stop containers",
        ),
    }
}
