//! Undoing one lease, whatever drives the service.

use std::io;

use crate::stack::{DriverError, Lease, Undone, command, docker, process};

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeaseOutcome {
    /// It was as it should be.
    Nothing,
    /// It had to be undone, and was: what was done, for people.
    Restored(String),
    /// It is not there any more, and nothing can become of it.
    Gone(String),
}

/// Undoes one lease, if there is anything to undo.
pub(super) async fn undo(lease: &Lease) -> Result<LeaseOutcome, DriverError> {
    let (undone, name, what) = match lease {
        Lease::Container { name, .. } => {
            let name = format!("the container {name}");
            (docker::undo(lease).await?, name, "runs again")
        }
        Lease::Commands(driven) => {
            let name = driven.commands.name.clone();
            (command::undo(driven).await?, name, "runs again")
        }
        Lease::ProcessGroup {
            pgid,
            start_ticks,
            name,
        } => {
            let undone = process::undo(*pgid, *start_ticks, name).await?;
            (undone, format!("the processes of {name}"), "were ended")
        }
        Lease::Marked { mark, name } => {
            let undone = process::undo_marked(mark, name).await?;
            (undone, format!("the processes of {name}"), "were ended")
        }
    };
    Ok(match undone {
        Undone::Nothing => LeaseOutcome::Nothing,
        Undone::Restored => LeaseOutcome::Restored(format!("{name} {what}")),
        Undone::Gone => LeaseOutcome::Gone(format!("{name} is no longer there")),
    })
}

/// Whether a command of the run's is still under way.
pub(super) async fn is_command_running(lease: &Lease) -> Result<bool, DriverError> {
    match lease {
        Lease::Commands(driven) => {
            let runs = command::is_running(driven).await?;
            command::is_any_running(driven, runs).map_err(|error| failed(driven, &error))
        }
        Lease::Container { .. } | Lease::ProcessGroup { .. } | Lease::Marked { .. } => Ok(false),
    }
}

/// Ends the commands of the run's that are still under way.
pub(super) async fn end_command(lease: &Lease) -> Result<(), DriverError> {
    match lease {
        Lease::Commands(driven) => {
            let runs = command::is_running(driven).await?;
            command::end_running(driven, runs).map_err(|error| failed(driven, &error))
        }
        Lease::Container { .. } | Lease::ProcessGroup { .. } | Lease::Marked { .. } => Ok(()),
    }
}

fn failed(driven: &command::Driven, error: &io::Error) -> DriverError {
    DriverError::Act {
        service: driven.commands.name.clone(),
        act: "end the commands of the run that was killed".to_owned(),
        message: error.to_string(),
    }
}
