//! The way to the daemon, and what its errors mean.

use std::env;
use std::error::Error as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use crate::model::duration;
use crate::stack::DriverError;

/// How long the engine may take to answer anything but a stream's continuation.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// A container engine that answered. Clones share its connection.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    address: String,
}

impl Engine {
    /// The address that `DOCKER_HOST` gives, if it gives one. Without one, only sockets of this
    /// machine are looked for.
    pub fn asked_for() -> Option<String> {
        env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty())
    }

    /// Connects as the `docker` command would: to `DOCKER_HOST`, else to Docker's socket, else to
    /// Podman's. Docker's contexts are not looked at.
    ///
    /// # Errors
    /// [`DriverError::Missing`] when there is no engine, it does not answer, or it may not be used.
    pub async fn connect() -> Result<Self, DriverError> {
        if let Some(address) = Self::asked_for() {
            return Self::connect_to(&address).await;
        }
        let podman = env::var("XDG_RUNTIME_DIR").map(|dir| format!("{dir}/podman/podman.sock"));
        let sockets: Vec<String> = [Ok(DOCKER_SOCKET.to_owned()), podman]
            .into_iter()
            .flatten()
            .collect();
        match sockets.iter().find(|path| Path::new(path).exists()) {
            Some(path) => Self::connect_to(&format!("unix://{path}")).await,
            None => Err(missing(format!(
                "no container engine is here: {} does not exist; start Docker or Podman, or set DOCKER_HOST",
                sockets.join(" or ")
            ))),
        }
    }

    /// Connects to an engine by an address as in `DOCKER_HOST`: `unix://PATH` or `tcp://HOST:PORT`
    /// (without TLS).
    ///
    /// # Errors
    /// As [`Engine::connect`].
    pub async fn connect_to(address: &str) -> Result<Self, DriverError> {
        let unreachable = |error: Error| {
            missing(format!(
                "no container engine answers at {address}: {}",
                words(&error)
            ))
        };
        let docker = Docker::connect_with_host(address).map_err(unreachable)?;
        let docker = docker.with_timeout(ANSWER_WITHIN);
        let docker = docker.negotiate_version().await.map_err(unreachable)?;
        Ok(Engine {
            docker,
            address: address.to_owned(),
        })
    }

    /// The address, as `DOCKER_HOST` would give it.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// An engine's error in words that say what to do, where that is known.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::RequestTimeoutError => {
            format!(
                "the engine did not answer within {}",
                duration(ANSWER_WITHIN)
            )
        }
        Error::SocketNotFoundError(path) => {
            format!("{path} does not exist; start the engine, or correct DOCKER_HOST")
        }
        Error::UnsupportedURISchemeError { .. } => {
            "this address is not supported; use unix://PATH or tcp://HOST:PORT (without TLS)"
                .to_owned()
        }
        other => match io_kind(other) {
            Some(io::ErrorKind::PermissionDenied) => {
                "permission denied; join the socket's group (usually `docker`), or use sudo"
                    .to_owned()
            }
            Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
                "no container engine listens there; start it, or correct DOCKER_HOST".to_owned()
            }
            _ => innermost(other),
        },
    }
}

/// Whether the engine said that what was asked for does not exist.
pub(super) fn is_absent(error: &Error) -> bool {
    status(error) == Some(404)
}

/// Whether the engine refused because of the state it believed the container to be in.
pub(super) fn is_conflict(error: &Error) -> bool {
    // Old engines answer 500 to some of these; what they say is the same.
    status(error) == Some(409)
        || matches!(error, Error::DockerResponseServerError { status_code: 500, message }
            if message.contains("is not running") || message.contains("is not paused"))
}

/// The status of the engine's answer, where it answered.
fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

fn missing(message: String) -> DriverError {
    DriverError::Missing {
        service: "docker".to_owned(),
        message,
    }
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

/// The cause of the cause: the outer layers only say that a request failed.
fn innermost(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}
