//! Starts a service again that somebody else has ended and did not live to start.

use super::{CommandDriver, Driven};
use crate::model::Act;
use crate::stack::mark::Mark;
use crate::stack::{Driver, DriverError, ServiceState, Undone};

/// Makes a service run again. A command that is still under way may undo that: see
/// [`is_any_running`](super::is_any_running).
///
/// # Errors
/// When a command fails.
pub async fn undo(driven: &Driven) -> Result<Undone, DriverError> {
    let mark = driven.mark.clone().unwrap_or_else(Mark::unique);
    // It has the mark of the run that died, so that whoever heals after us finds what we have
    // begun.
    let driver = CommandDriver::with_mark(driven.commands.clone(), mark);
    if driver.state().await? == ServiceState::Running {
        return Ok(Undone::Nothing);
    }
    driver.act(Act::Start).await?;
    Ok(Undone::Restored)
}

/// Whether the service runs.
///
/// # Errors
/// When the status command cannot tell.
pub async fn is_running(driven: &Driven) -> Result<bool, DriverError> {
    driven.commands.is_running().await
}
