//! Restarts a service that a dead run has ended.

use super::{CommandDriver, Driven};
use crate::model::Act;
use crate::stack::mark::Mark;
use crate::stack::{Driver, DriverError, ServiceState, Undone};

/// Starts the service if it is not running. A command of the dead run that is still running may
/// undo this: see [`is_any_running`](super::is_any_running).
///
/// # Errors
/// When a command fails.
pub async fn undo(driven: &Driven) -> Result<Undone, DriverError> {
    let mark = driven.mark.clone().unwrap_or_else(Mark::unique);
    // Uses the mark of the dead run, so that another `comeback heal` finds the commands that we
    // start.
    let driver = CommandDriver::with_mark(driven.commands.clone(), mark);
    if driver.state().await? == ServiceState::Running {
        return Ok(Undone::Nothing);
    }
    driver.act(Act::Start).await?;
    Ok(Undone::Restored)
}

/// Whether the service is running.
///
/// # Errors
/// When the status command fails.
pub async fn is_running(driven: &Driven) -> Result<bool, DriverError> {
    driven.commands.is_running().await
}
