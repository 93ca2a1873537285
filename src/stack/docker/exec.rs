//! A command inside a container.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};

use super::container::Container;
use crate::model::duration;
use crate::stack::DriverError;
use crate::stack::tail::keep_end;

/// How long a command may take. Probes have their own timeout; this one is for a command that is
/// stuck in a frozen container.
const DONE_WITHIN: Duration = Duration::from_secs(60);
/// How often to ask whether a command has started. There is no event for it.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// How much of the end of a command's output is kept, in bytes.
const OUTPUT_BYTES: usize = 4096;

/// Prevents commands from starting while their container is being frozen.
///
/// The freeze would block such a command forever, and Docker would wait for it while it holds the
/// container's lock: then the container can no longer be inspected, killed or even thawed
/// (<https://github.com/moby/moby/issues/27272>).
#[derive(Debug, Clone, Default)]
pub(super) struct Beginnings(Arc<RwLock<()>>);

impl Beginnings {
    /// Runs `act` while no command starts.
    pub async fn none_during<T>(&self, act: impl Future<Output = T>) -> T {
        let _none = self.0.write().await;
        act.await
    }
}

/// Runs a command. Returns whether it exited with 0, and the end of its output.
///
/// If the future is dropped, the command keeps running in the container: Docker cannot end it.
pub(super) async fn run(
    container: &Container,
    beginnings: &Beginnings,
    command: &[String],
) -> Result<(bool, String), DriverError> {
    let act = || format!("run {}", command.first().map_or("nothing", String::as_str));
    // A task of its own, so that a dropped future does not permit a freeze while the command
    // starts.
    let begun = tokio::spawn(begin(
        container.clone(),
        beginnings.clone(),
        command.to_vec(),
    ));
    let course = async {
        let begun = begun
            .await
            .map_err(|error| container.failed(act(), error))?;
        let refused = |error| container.refused(act(), &error);
        end(container, begun.map_err(refused)?)
            .await
            .map_err(refused)
    };
    match timeout(DONE_WITHIN, course).await {
        Ok(result) => result,
        Err(_) => {
            let message = format!("it did not end within {}", duration(DONE_WITHIN));
            Err(container.failed(act(), message))
        }
    }
}

/// A command's id and its output.
type Begun = (String, StartExecResults);

/// Starts a command, and returns when its process exists. The engine responds before that.
async fn begin(
    container: Container,
    beginnings: Beginnings,
    command: Vec<String>,
) -> Result<Begun, Error> {
    let _beginning = beginnings.0.read().await;
    let docker = &container.docker;
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command),
        ..CreateExecOptions::default()
    };
    let exec = docker.create_exec(&container.id, options).await?.id;
    let output = docker.start_exec(&exec, None).await?;
    loop {
        let now = docker.inspect_exec(&exec).await?;
        if now.pid.is_some_and(|pid| pid > 0) || now.exit_code.is_some() {
            return Ok((exec, output));
        }
        sleep(ASK_EVERY).await;
    }
}

async fn end(container: &Container, (exec, results): Begun) -> Result<(bool, String), Error> {
    let mut tail = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = results {
        while let Some(part) = output.next().await {
            keep_end(&mut tail, &part?.into_bytes(), OUTPUT_BYTES);
        }
    }
    let code = container.docker.inspect_exec(&exec).await?.exit_code;
    Ok((code == Some(0), String::from_utf8_lossy(&tail).into_owned()))
}
