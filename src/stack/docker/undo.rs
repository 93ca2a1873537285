//! Undoing from a lease alone what a run that died left behind.

use super::Engine;
use super::container::{Condition, Container, Status};
use super::network::{self, Attachment};
use crate::stack::{DriverError, Lease, Undone};

/// Thaws a container, joins it to its networks and starts it, as far as it needs that. Doing it
/// again does nothing.
///
/// # Errors
/// When the engine is not there or refuses, and for the lease of something that is not a container.
pub async fn undo(lease: &Lease) -> Result<Undone, DriverError> {
    let Lease::Container {
        engine,
        id,
        name,
        networks,
    } = lease
    else {
        return Err(DriverError::Unsupported {
            service: "a group of processes".to_owned(),
            act: "restore".to_owned(),
        });
    };
    let container = Container {
        docker: Engine::connect_to(engine).await?.docker,
        service: name.clone(),
        id: id.clone(),
        name: name.clone(),
    };
    let networks: Vec<Attachment> = networks
        .iter()
        .map(|network| serde_json::from_value(network.clone()))
        .collect::<Result<_, _>>()
        .map_err(|error| container.failed("read its networks", error.to_string()))?;
    let Some(found) = container.look().await? else {
        return Ok(Undone::Gone);
    };
    let status = Status::of(&found);
    if status == Status::Paused {
        container.bring(Condition::Thawed).await?;
    }
    // It joins before it starts, so that its program finds the networks there.
    let joined = network::join(&container, &networks).await?;
    container.bring(Condition::Started).await?;
    Ok(match status == Status::Running && !joined {
        true => Undone::Nothing,
        false => Undone::Restored,
    })
}
