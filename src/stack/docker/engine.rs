//! The connection to the engine, and the meaning of its errors.

use std::env;
use std::io;
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use crate::model::duration;
use crate::stack::DriverError;

/// How long the engine may take to answer a request, streams apart.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// A connected container engine. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    address: String,
}

impl Engine {
    /// The address in `DOCKER_HOST`, if it is set.
    pub fn asked_for() -> Option<String> {
        env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty())
    }

    /// Connects as the `docker` command does: to `DOCKER_HOST`, else to Docker's socket, else to
    /// Podman's. Ignores Docker contexts.
    ///
    /// # Errors
    /// [`DriverError::Missing`] when there is no engine, it does not answer, or it denies access.
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
                "there is no container engine: {} does not exist; start Docker or Podman, or set DOCKER_HOST",
                sockets.join(" or ")
            ))),
        }
    }

    /// Connects to the engine at an address as in `DOCKER_HOST`: `unix://PATH` or `tcp://HOST:PORT`
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

    /// The address, as in `DOCKER_HOST`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// The message of an engine's error, with a remedy if one is known.
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

/// Whether the engine said that the object does not exist.
pub(super) fn is_absent(error: &Error) -> bool {
    status(error) == Some(404)
}

/// Whether the engine refused because of the container's state, as the engine sees it.
pub(super) fn is_conflict(error: &Error) -> bool {
    // Old engines return 500 for some of these, with the same messages.
    status(error) == Some(409)
        || matches!(error, Error::DockerResponseServerError { status_code: 500, message }
            if message.contains("is not running") || message.contains("is not paused"))
}

/// The HTTP status of the engine's response, if there was one.
fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

fn missing(message: String) -> DriverError {
    DriverError::missing("docker", message)
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()))
}

/// The message of the innermost cause. The outer ones only say that a request failed.
fn innermost(error: &Error) -> String {
    let innermost = causes(error).last();
    innermost.map_or_else(String::new, ToString::to_string)
}

/// An error and all its sources, from the outside in.
fn causes<'a>(error: &'a Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    let outer: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(outer), |error| error.source())
}
