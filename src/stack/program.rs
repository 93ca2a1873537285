//! Starting programs: what can go wrong, and how they end.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use super::DriverError;

/// Splits a command into program and arguments.
///
/// # Errors
/// When the command is empty.
pub(super) fn split<'c>(
    service: &str,
    command: &'c [String],
) -> Result<(&'c String, &'c [String]), DriverError> {
    command.split_first().ok_or_else(|| {
        let message = "the command is empty: give a program and its arguments";
        DriverError::missing(service, message)
    })
}

/// Explains why a program could not be started.
pub(super) fn spawn_error(
    service: &str,
    act: &str,
    program: &str,
    dir: Option<&Path>,
    error: &io::Error,
) -> DriverError {
    let message = match (dir, error.kind()) {
        (Some(dir), _) if !dir.is_dir() => {
            format!(
                "there is no directory {}: create it, or name another",
                dir.display()
            )
        }
        (_, io::ErrorKind::NotFound) => {
            format!("there is no program `{program}`: install it, or give its full path")
        }
        (_, io::ErrorKind::PermissionDenied) => {
            format!("`{program}` may not be executed: check its permissions")
        }
        _ => return DriverError::failed(service, act, error),
    };
    DriverError::missing(service, message)
}

/// The exit code, or 128 + n for signal n.
pub(super) fn exit_code(status: ExitStatus) -> Option<i32> {
    status.code().or(status.signal().map(|signal| 128 + signal))
}
