//! A command inside a container.

use std::time::Duration;

use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::container::Container;
use crate::stack::DriverError;

/// How long a command may take. A probe has a limit of its own; this one keeps a command that a frozen
/// container holds from being waited for for ever.
const DONE_WITHIN: Duration = Duration::from_secs(60);
/// How much of a command's output is kept: its end, which says what went wrong.
const OUTPUT_BYTES: usize = 4096;

/// Runs a command and says whether it exited with 0, with the end of its output.
///
/// When the caller gives up, the command goes on inside the container: Docker cannot end it.
pub(super) async fn run(
    container: &Container,
    command: &[String],
) -> Result<(bool, String), DriverError> {
    let act = || format!("run {}", command.first().map_or("nothing", String::as_str));
    match timeout(DONE_WITHIN, attempt(container, command)).await {
        Ok(result) => result.map_err(|error| container.refused(act(), &error)),
        Err(_) => {
            Err(container.failed(act(), format!("no end within {} s", DONE_WITHIN.as_secs())))
        }
    }
}

async fn attempt(container: &Container, command: &[String]) -> Result<(bool, String), Error> {
    let docker = &container.docker;
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.to_vec()),
        ..CreateExecOptions::default()
    };
    let exec = docker.create_exec(&container.id, options).await?.id;
    let mut tail = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&exec, None).await? {
        while let Some(part) = output.next().await {
            tail.extend_from_slice(&part?.into_bytes());
            let surplus = tail.len().saturating_sub(OUTPUT_BYTES);
            tail.drain(..surplus);
        }
    }
    let code = docker.inspect_exec(&exec).await?.exit_code;
    Ok((code == Some(0), String::from_utf8_lossy(&tail).into_owned()))
}
