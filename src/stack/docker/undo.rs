//! Undoes, from a lease, what a dead run left behind.

use super::Engine;
use super::container::{Condition, Container, Status};
use super::network::{self, Attachment};
use crate::stack::{DriverError, Lease, Undone};

/// Thaws a container, puts it back on its networks and starts it, if necessary. Idempotent.
///
/// # Errors
/// When the engine is unreachable or refuses, or the lease is not of a container.
pub async fn undo(lease: &Lease) -> Result<Undone, DriverError> {
    let Lease::Container {
        engine,
        id,
        name,
        networks,
    } = lease
    else {
        return Err(DriverError::unsupported("a process group", "restore"));
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
        .map_err(|error| container.failed("read its networks", error))?;
    let Some(found) = container.look().await? else {
        return Ok(Undone::Gone);
    };
    let status = Status::of(&found);
    if status == Status::Paused {
        container.bring(Condition::Thawed).await?;
    }
    // Before the start, so that the program finds its networks.
    let joined = network::join(&container, &networks).await?;
    container.bring(Condition::Started).await?;
    Ok(match status == Status::Running && !joined {
        true => Undone::Nothing,
        false => Undone::Restored,
    })
}
