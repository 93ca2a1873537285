//! Starts a service again that somebody else has ended and did not live to start.

use super::{CommandDriver, Commands};
use crate::model::Act;
use crate::stack::{Driver, DriverError, ServiceState};

/// What [`undo`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The service did not run, and was started.
    Restored,
    /// It runs.
    Nothing,
}

/// Makes a service run again.
///
/// # Errors
/// When a command fails.
pub async fn undo(commands: &Commands) -> Result<Undone, DriverError> {
    let driver = CommandDriver::new(commands.clone());
    if driver.state().await? == ServiceState::Running {
        return Ok(Undone::Nothing);
    }
    driver.act(Act::Start).await?;
    Ok(Undone::Restored)
}
