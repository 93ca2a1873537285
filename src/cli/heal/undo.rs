//! Undoing one lease, whatever drives the service.

use std::io;

use crate::stack::{DriverError, Lease, command, docker, process};

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undone {
    /// It was as it should be.
    Nothing,
    /// It had to be undone, and was: what was done, for people.
    Restored(String),
    /// It is not there any more, and nothing can become of it.
    Gone(String),
}

/// Undoes one lease as far as it needs that.
pub(super) async fn undo(lease: &Lease) -> Result<Undone, DriverError> {
    Ok(match lease {
        Lease::Container { name, .. } => match docker::undo(lease).await? {
            docker::Undone::Nothing => Undone::Nothing,
            docker::Undone::Restored => {
                Undone::Restored(format!("the container {name} runs again"))
            }
            docker::Undone::Gone => {
                Undone::Gone(format!("the container {name} is no longer there"))
            }
        },
        Lease::Commands(driven) => match command::undo(driven).await? {
            command::Undone::Nothing => Undone::Nothing,
            command::Undone::Restored => {
                Undone::Restored(format!("{} runs again", driven.commands.name))
            }
        },
        Lease::ProcessGroup {
            pgid,
            start_ticks,
            name,
        } => match process::undo(*pgid, *start_ticks, name).await? {
            process::Undone::NothingLeft => Undone::Nothing,
            process::Undone::Ended => {
                Undone::Restored(format!("the processes of {name} were ended"))
            }
        },
        Lease::Marked { mark, name } => match process::undo_marked(mark, name).await? {
            process::Undone::NothingLeft => Undone::Nothing,
            process::Undone::Ended => {
                Undone::Restored(format!("the processes of {name} were ended"))
            }
        },
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
